import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";

/** What a benchmark, a module of drill/bench, exports. */
interface Benchmark {
  /** Prints its figures beside those of a baseline; progress goes to stderr. */
  bench: Command;
}

const folder = (): string => join(packageRoot, "dist", "drill", "bench");

const load = (name: string): Partial<Benchmark> =>
  require(join(folder(), `${name}.js`)) as Partial<Benchmark>;

const names = (): string[] =>
  existsSync(folder())
    ? readdirSync(folder()).flatMap((file) => /^([a-z-]+)\.js$/.exec(file)?.[1] ?? [])
    : [];

/**
 * Runs a benchmark.
 *
 * @param name a module of drill/bench
 * @param args the benchmark's own options
 */
export async function bench(name: string, args: string[]): Promise<void> {
  // Only the chosen benchmark is loaded: some load a lot.
  const found = names();
  const command = found.includes(name) ? load(name).bench : undefined;
  if (!command) {
    const known = found.filter((each) => load(each).bench);
    throw new Failure(`\`${name}\` is not a benchmark; the benchmarks are ${known.join(", ")}`, 2);
  }
  await command.parseAsync(args, { from: "user" });
}
