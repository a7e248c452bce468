import type { LabDescription } from "../lab";
import { Failure } from "../local/errors";
import { existingStackFile } from "../stack/stack-file";
import type { Place, ReachedStack, UnreachedStack } from "./place";

/** The words of a command line, and the function that runs its actions where nodes can be reached. */
export interface CommandLine {
  argv: readonly string[];
  placeOf(stack: string): Promise<Place>;
  againInside(lab: LabDescription, argv: readonly string[]): Promise<number>;
}

/** Loads its modules only when they are used: not every command needs nodes. */
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
 * Runs an action where a stack's nodes can be reached. That is this process, unless the nodes are in a lab and this
 * process is outside of it: then the whole command line runs again inside the lab. Sets the process's exit code.
 *
 * @param unreached handles a stack whose nodes cannot be reached; default: throws a Failure with the reason
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
