import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectName } from "../project";

/**
 * Runs Pulumi's commands about a stack and its settings in a folder that has the project's name and nothing else: without the
 * typed settings of Pulumi.yaml, for which Pulumi would stop at the first that is missing, and without a stack's file that
 * Pulumi would write to.
 */
export async function inBareProject<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "ha-rancher-project-"));
  try {
    await writeFile(join(folder, "Pulumi.yaml"), `name: ${projectName}\nruntime: nodejs\n`);
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
