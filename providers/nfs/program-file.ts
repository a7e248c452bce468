import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/**
 * The file of a program: sudoers needs it, and what only root runs is not on every user's PATH.
 *
 * @throws with the way out if there is none
 */
export function programFile(name: string, wayOut: string): string {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  for (const folder of folders.filter(Boolean)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // It is not there: try the next folder.
    }
  }
  throw new Error(`\`${name}\` is missing on this machine: ${wayOut}`);
}
