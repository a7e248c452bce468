import { readFileSync } from "node:fs";
import { homedir } from "node:os";

/** File systems that hold more than shared data; the root's is one, too. */
const systems = ["/bin", "/boot", "/etc", "/home", "/lib", "/opt", "/root", "/usr", "/var"];

/** The mount point of the file system that a path is on, from the text of /proc/self/mountinfo; `/` if it says nothing. */
function mountPointOf(path: string, table: string): string {
  const points = table.split("\n").map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "));
  const isAbove = (point: string): boolean => point === "/" || `${path}/`.startsWith(`${point}/`);
  return points.filter((point) => point && isAbove(point)).sort((a, b) => b.length - a.length)[0] ?? "/";
}

/**
 * Which file system an exported directory is on, and whether the system, or a user, has more on it: root on a node can
 * reach all of that, since file handles of NFS can be forged.
 *
 * @param table the text of /proc/self/mountinfo
 */
export function fileSystemOf(directory: string, table: string): { point: string; holdsMore: boolean } {
  const point = mountPointOf(directory, table);
  const holdsMore =
    point === "/" || [homedir(), ...systems].some((place) => `${place}/`.startsWith(`${point}/`));
  return { point, holdsMore };
}

/** @throws if the kernel would export more than the directory */
export function refuseSharedFileSystem(directory: string): void {
  const { point, holdsMore } = fileSystemOf(directory, readFileSync("/proc/self/mountinfo", "utf8"));
  if (holdsMore)
    throw new Error(
      `\`directory\` ${directory} is on the file system of ${point}, all of which root on a node could read and write, since file handles of NFS can be forged: leave \`sharedDirectory\` out, and it gets a file system of its own; or give one that is a mount point; or use \`storage: machine\``,
    );
}
