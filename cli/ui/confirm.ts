import { Failure } from "../../local/errors";

/** What is about to be lost, and how it is asked for. */
export interface Question {
  /** A line above them. */
  title: string;
  /** A line each: what is removed or replaced. */
  losses: readonly string[];
  /** Such as `Remove all this?`; the answer that does nothing is the default. */
  message: string;
  /** What programs call, which are not asked: such as `npm run down -- --yes`. */
  unasked: string;
}

/**
 * Asks before something is lost; without a terminal to ask on it refuses.
 *
 * @throws Failure if the answer is no, with exit code 2 if nobody can be asked, 130 after Ctrl-C; nothing was done then
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
  const isYes = await select({ message, choices }, context).catch((error: Error) => {
    throw error.name === "ExitPromptError" ? new Failure("stopped; nothing was done", 130) : error;
  });
  if (!isYes) throw new Failure("nothing was done");
}
