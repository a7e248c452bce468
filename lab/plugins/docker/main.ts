import { serve } from "../serve";
import { dockerPlugin } from "./plugin";

// Run by the launcher `pulumi-resource-docker`, which requires this module.
serve(dockerPlugin);
