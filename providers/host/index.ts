import { stored } from "../stored";
import { host as provider } from "./host-provider";

export { Host, type HostArgs } from "./host";

/** What Pulumi calls. */
export const host = stored("host.Host", provider);
