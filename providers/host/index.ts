import { current } from "../current";
import { host as provider } from "./host-provider";

export { Host, type HostArgs } from "./host";

/** What Pulumi calls. @internal */
export const host = current(provider);
