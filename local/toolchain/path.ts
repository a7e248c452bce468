import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";

/** All executables of that name on PATH, in PATH's order. */
export function allOnPath(name: string, path: string = process.env.PATH ?? ""): string[] {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .filter(isExecutable);
}

/** The executable that a shell would run for that name. */
export const onPath = (name: string, path?: string): string | undefined => allOnPath(name, path)[0];

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Whether a file is in a folder or below it. */
export const isBelow = (file: string, folder: string): boolean => file.startsWith(folder + sep);

/** Identifies a file's content without reading it: path, size and time of the last change; "" if there is none. */
export function identity(file: string | undefined): string {
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stats ? `${file} ${stats.size} ${stats.mtimeMs}` : "";
}
