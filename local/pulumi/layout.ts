import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectName } from "../project";
import type { Backend } from "../toolchain/environment";

/** The folder of a local backend's files. */
export const folderOf = (backend: Backend): string => join(fileURLToPath(backend.url), ".pulumi");

/** The folder of the checkpoints of this project's stacks. */
export const stacksOf = (backend: Backend): string => join(folderOf(backend), "stacks", projectName);
