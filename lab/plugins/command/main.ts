import { serve } from "../serve";
import { commandPlugin } from "./plugin";

// Run by the launcher `pulumi-resource-command`, which requires this module.
serve(commandPlugin);
