import type { LabDescription } from "../lab";
import { Failure } from "../local/errors";
import { existingStackFile } from "../stack/stack-file";
import type { Place, ReachedStack, UnreachedStack } from "./place";

/** A command line as it was given, and how its commands come to the nodes of a stack. */
export interface CommandLine {
  argv: readonly string[];
  placeOf(stack: string): Promise<Place>;
  againInside(lab: LabDescription, argv: readonly string[]): Promise<number>;
}

/** Loads what it needs when it is asked: not every command has to do with nodes. */
export const givenCommandLine = (argv: readonly string[]): CommandLine => ({
  argv,
  placeOf: async (stack) => await (await import("./reach.js")).placeOf(stack),
  againInside: async (lab, again) => await (await import("./reach.js")).againInside(lab, again),
});

function refuseUnreached(stack: string, { state }: UnreachedStack): never {
  existingStackFile(stack);
  throw new Failure(
    state === "not-up"
      ? `the stack \`${stack}\` is not up: \`npm run up\` makes it`
      : "the lab does not run: `npm run up` starts it and the machines",
  );
}

/**
 * Runs an action where a stack's nodes can be reached: in this process, or, where they are in a lab that this process
 * is not in, by running the whole command line, as it was given, again inside. Sets the process's exit code.
 *
 * @param unreached what to do with a stack whose nodes cannot be reached; default: a Failure that says why
 */
export async function onNodes(
  line: CommandLine,
  stack: string,
  action: (reached: ReachedStack) => Promise<number>,
  unreached: (stack: string, why: UnreachedStack) => number = refuseUnreached,
): Promise<void> {
  const place = await line.placeOf(stack);
  if (place.kind === "here") process.exitCode = await action(place);
  else if (place.kind === "lab") process.exitCode = await line.againInside(place.lab, line.argv);
  else process.exitCode = unreached(stack, place);
}
