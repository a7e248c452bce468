import { join } from "node:path";
import { packageRoot } from "../../local/root";
import type { Job } from "./jobs";

const modules = join(packageRoot, "node_modules");

const tool = (name: string, program: string, ...args: string[]): Job => ({
  name: `lint/${name}`,
  command: process.execPath,
  args: [join(modules, program), ...args],
  counts: false,
});

/** What reads the source: also `npm run lint`. */
export const linters = (): Job[] => [tool("biome", "@biomejs/biome/bin/biome", "check")];
