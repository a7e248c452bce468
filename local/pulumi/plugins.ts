import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the CLI looks for a resource plugin (sdk/go/common/workspace/plugins.go). */
export const pluginFolder = (env: NodeJS.ProcessEnv, name: string, version: string): string =>
  join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins", `resource-${name}-v${version}`);

/** While the CLI installs a plugin there is this file beside its folder. */
export const partialMark = (folder: string): string => `${folder}.partial`;

/** Whether a plugin is there, as the CLI sees it. */
export const isPluginThere = (folder: string): boolean =>
  existsSync(folder) && !existsSync(partialMark(folder));
