import { Command, InvalidArgumentError } from "commander";
import { type Report, table } from "./report";

/** Progress; the figures go to stdout. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The value of an option that is a whole number, not 0. */
export const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a whole number from 1");
  return value;
};

/** The command of a benchmark, with the options that all of them have. */
export const benchCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option("--json", "print the figures for programs")
    .exitOverride();

/** A benchmark without further options: measures, and prints a table or JSON. */
export const simpleBench = (
  name: string,
  description: string,
  measure: (say: (line: string) => void) => Promise<Report>,
): Command =>
  benchCommand(name, description).action(async ({ json }: { json?: boolean }) => {
    const report = await measure(say);
    process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : table(report));
  });
