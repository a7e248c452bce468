import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Failure } from "../../local/errors";
import { withLock } from "../../local/lock";
import { newerNode } from "../../local/node-js";
import { cacheHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import type { Job } from "./job";

const described = (name: string): string => join(packageRoot, "test", "newer-node", name);
const descriptions = ["package.json", "package-lock.json"] as const;

/** The folder with the programs; other versions of them have another one. */
function home(): string {
  const hash = createHash("sha256");
  for (const name of descriptions) hash.update(readFileSync(described(name)));
  return join(cacheHome(), "newer-node", hash.digest("hex").slice(0, 16));
}

const program = (major: number): string =>
  join(home(), "node_modules", `node-${major}-${process.platform}-${process.arch}`, "bin", "node");

/**
 * Fetches the programs, which npm checks with the sums of the lock file, unless they are there.
 *
 * @throws RunError if they cannot be fetched; Failure if there are none for this machine
 */
export async function fetchNewerNode(tell: (line: string) => void): Promise<void> {
  const folder = home();
  const done = join(folder, "complete");
  if (existsSync(done)) return;
  await withLock(join(cacheHome(), "newer-node"), "newer-node", async () => {
    if (existsSync(done)) return;
    tell(`fetching Node.js ${newerNode.join(" and ")}`);
    // An interrupted attempt may have left it.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const name of descriptions) copyFileSync(described(name), join(folder, name));
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: folder,
      timeout: 600_000,
    });
    const missing = newerNode.map(program).filter((file) => !existsSync(file));
    if (missing.length > 0)
      throw new Failure(
        `test/newer-node/package.json names no Node.js for ${process.platform} ${process.arch}: add it there`,
      );
    writeFileSync(done, "");
  });
}

/**
 * What differs between versions of Node, in a minute: how modules are found and compiled, what Pulumi makes of a
 * provider's code, child processes, sockets and streams, and the whole program with Pulumi's mocks.
 */
const telling = [
  ["unit", "cli-bootstrap"],
  ["unit", "cli-reader"],
  ["unit", "provider-current"],
  ["unit", "remote-provider-process"],
  ["unit", "remote-transfer"],
  ["unit", "toolchain-download"],
  ["program", "program"],
] as const;

/** A file of tests with one of the versions, also for the programs that it starts by name. */
function jobWith(major: number, layer: string, file: string): Job {
  const node = program(major);
  const path = [dirname(node), process.env.PATH ?? ""].join(delimiter);
  const compiled = join(packageRoot, "dist", "test", layer, file);
  return {
    name: `node ${major}: ${layer}/${file}`,
    command: "env",
    args: [`PATH=${path}`, node, "--test-reporter=spec", compiled],
    counts: true,
  };
}

/** The jobs of the layer `newer-node`. */
export const tellingJobs = (): Job[] =>
  newerNode.flatMap((major) => telling.map(([layer, file]) => jobWith(major, layer, `${file}.test.js`)));

/**
 * The jobs of the layer `newer-node-all`.
 *
 * @param files by layer
 */
export const allJobs = (files: Readonly<Record<string, readonly string[]>>): Job[] =>
  newerNode.flatMap((major) =>
    Object.entries(files).flatMap(([layer, names]) => names.map((name) => jobWith(major, layer, name))),
  );
