import { Failure } from "../../local/errors";

/** What would be lost, and the question about it. */
export interface Question {
  /** The line above the losses. */
  title: string;
  /** What is removed or replaced, one line each. */
  losses: readonly string[];
  /** Such as `Remove all this?`; the answer that does nothing is the default. */
  message: string;
  /** The command for programs, which does not ask: such as `npm run down -- --yes`. */
  unasked: string;
}

/**
 * Asks before something is lost. Without a terminal it refuses.
 *
 * @throws Failure if the answer is no; with exit code 2 if there is no terminal. Nothing was done then
 */
export async function confirm({ title, losses, message, unasked }: Question): Promise<void> {
  const lines = [title, ...losses.map((each) => `  ${each}`), ""].join("\n");
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new Failure(
      `nothing was done, since there is no terminal to ask on. ${lines}\`${unasked}\` does it without asking`,
      2,
    );
  process.stderr.write(lines);
  const { default: select } = await import("@inquirer/select");
  const choices = [
    { name: "no", value: false },
    { name: "yes", value: true },
  ];
  const context = { output: process.stderr };
  if (!(await select({ message, choices }, context))) throw new Failure("nothing was done");
}
