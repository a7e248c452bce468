import { join } from "node:path";
import { packageRoot } from "../../local/root";
import type { Job } from "./job";

const modules = join(packageRoot, "node_modules");

const tool = (name: string, program: string, ...args: string[]): Job => ({
  name: `lint/${name}`,
  command: process.execPath,
  args: [join(modules, program), ...args],
  counts: false,
});

/** The rooms, and the folders that import them. */
const sources = [
  ...["index.ts", "settings", "domain", "components", "workloads", "providers", "stack", "cli"],
  ...["plugin", "policy", "drill", "lab", "local", "test", "examples", "templates"],
];

/**
 * The programs that check the source: its form and common mistakes, imports between rooms, unused exports and files.
 */
export const linters = (): Job[] => [
  tool("biome", "@biomejs/biome/bin/biome", "check"),
  tool(
    "dependency-cruiser",
    "dependency-cruiser/bin/dependency-cruise.mjs",
    ...["--config", ".dependency-cruiser.cjs", "--output-type", "err-long", ...sources],
  ),
  tool("knip", "knip/bin/knip.js", "--no-progress"),
  // Every name that the package offers is described.
  tool("typedoc", "typedoc/bin/typedoc", "--emit", "none", "--skipErrorChecking", "--treatWarningsAsErrors"),
];
