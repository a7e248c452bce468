import { current } from "../current";
import { release as provider } from "./release-provider";

export { Release, type ReleaseArgs } from "./release";

/** What Pulumi calls. */
export const release = current(provider);
