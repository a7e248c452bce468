import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "../bench/report";
import { packageRoot } from "../system/root";
import { Failure } from "./errors";

const folder = (): string => join(packageRoot, "dist", "bench");

/** Benchmarks are the modules of bench/ that export a function of their own name, without its dashes. */
const names = (): string[] =>
  existsSync(folder())
    ? readdirSync(folder()).flatMap((file) => /^(?!report\.)([a-z-]+)\.js$/.exec(file)?.[1] ?? [])
    : [];

/**
 * Runs a benchmark, with what it compares to in the same run, and prints its figures; progress goes to stderr.
 *
 * @param name a module of bench/
 */
export async function bench(name: string, options: { json?: boolean }): Promise<void> {
  if (!names().includes(name))
    throw new Failure(`\`${name}\` is not a benchmark; the benchmarks are ${names().join(", ")}`, 2);
  const own = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const measure = require(join(folder(), `${name}.js`))[own] as (
    say: (line: string) => void,
  ) => Promise<Report>;
  const report = await measure((line) => void process.stderr.write(`${line}\n`));
  const { table } = await import("../bench/report.js");
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : table(report));
}
