import { current } from "../current";
import { release as provider } from "./release-provider";

export { Release, type ReleaseArgs } from "./release";

/** What Pulumi calls. @internal */
export const release = current(provider);
