import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

function findRoot(from: string): string {
  if (existsSync(join(from, "package.json"))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`no package.json above ${__dirname}: the installation is broken`);
  return findRoot(parent);
}

/** The package's root folder, with node/, lab/box/ and the other files that are not compiled. */
export const packageRoot = findRoot(__dirname);
