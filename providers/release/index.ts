import { stored } from "../stored";
import { migrations, release as provider } from "./release-provider";

export { Release, type ReleaseArgs } from "./release";

/** What Pulumi calls. */
export const release = stored("release.Release", provider, migrations);
