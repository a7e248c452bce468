import { Command, InvalidArgumentError } from "commander";
import { callOf } from "../../local/called";
import type { CommandLine } from "../on-nodes";

/** Makes a command for a command line. Its action loads its modules only when it runs: `--help` needs none. */
export type CommandBuilder = (line: CommandLine) => Command;

/** A command that throws mistakes in a call, and then shows its usage. */
export const command = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .exitOverride()
    .showHelpAfterError()
    .configureHelp({ commandUsage: (shown) => callOf(shown.name(), shown.usage()) });

/** A command on a stack. `--stack` wins over the stack that the lab's shell has selected. */
export const stackCommand = (name: string, description: string): Command =>
  command(name, description).option(
    "-s, --stack <name>",
    "the stack, whose settings are in Pulumi.<name>.yaml",
    process.env.PULUMI_STACK || "dev",
  );

/** Options of a command that works on a stack. */
export interface Waiting {
  stack: string;
  wait?: boolean;
}

/** A command that works on a stack: while another one does it refuses, or waits. */
export const workCommand = (name: string, description: string): Command =>
  stackCommand(name, description).option(
    "--wait",
    "if another command works on the stack, wait for it instead of refusing",
  );

/** A call as an example: the words after the program's name, and what it does. */
type Example = readonly [call: string, what: string];

/** A call such as `up --wait`, as it is typed. */
function shownCall(call: string): string {
  const [name = "", ...words] = call.split(" ");
  return callOf(name, ...words);
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, ...given: Example[]): Command {
  return command.addHelpText("after", () => {
    const shown = given.map(([call, what]) => [shownCall(call), what] as const);
    const width = Math.max(...shown.map(([call]) => call.length));
    const lines = shown.map(([call, what]) => `  ${call.padEnd(width)}  ${what}`.trimEnd());
    return ["", "Examples:", ...lines].join("\n");
  });
}

/** The value of an option that is a TCP port. */
export function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError("It must be a number from 1 to 65535.");
}

/** The value of an option that is a whole number, not 0. */
export function whole(text: string): number {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= 1) return number;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** Collects the values of an option that may be given more than once. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];
