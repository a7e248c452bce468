import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";

/** A measurement: a module of bench/ that exports this. */
interface Measurement {
  /** Prints its figures, with those of what it compares to; progress goes to stderr. */
  bench(args: string[]): Promise<void>;
}

const folder = (): string => join(packageRoot, "dist", "drill", "bench");

const load = (name: string): Partial<Measurement> =>
  require(join(folder(), `${name}.js`)) as Partial<Measurement>;

const names = (): string[] =>
  existsSync(folder())
    ? readdirSync(folder()).flatMap((file) => /^([a-z-]+)\.js$/.exec(file)?.[1] ?? [])
    : [];

/**
 * Runs a measurement.
 *
 * @param name a module of bench/
 * @param args its own arguments
 */
export async function bench(name: string, args: string[]): Promise<void> {
  // The others are loaded only to say what there is: some bring much along.
  const found = names();
  const run = found.includes(name) ? load(name).bench : undefined;
  if (!run) {
    const known = found.filter((each) => load(each).bench);
    throw new Failure(`\`${name}\` is not a benchmark; the benchmarks are ${known.join(", ")}`, 2);
  }
  await run(args);
}
