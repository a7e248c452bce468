import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { filesOfSet, type SetName } from "../../domain/node-set";
import { packageRoot } from "../../local/root";

const folder = join(packageRoot, "node");

/** Paths in node/ of all files there. A link is none: what it leads to may be anything. */
const paths = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** The files of a set, as they lie in node/ now: a new one needs no list. */
export const setFiles = (name: SetName): { path: string; mode: string }[] => filesOfSet(name, paths());
