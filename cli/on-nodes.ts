import type { LabDescription } from "../lab";
import { callOn } from "../local/called";
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

async function refuseUnreached(stack: string, why: UnreachedStack): Promise<never> {
  existingStackFile(stack);
  const { whyUnreached } = await import("./unreached.js");
  throw new Failure(whyUnreached(stack, why));
}

/** How a command behaves beside others. */
export interface OnNodes {
  /** Handles a stack whose nodes cannot be reached; default: throws a Failure with the reason. */
  unreached?: (stack: string, why: UnreachedStack) => Promise<number> | number;
  /** Its name, if it works on the stack: then nobody else does. All others only look, and say who works. */
  work?: string;
  /** Whether it waits for who works on the stack, instead of refusing. */
  wait?: boolean | undefined;
  /** Whether it says itself who works. */
  tells?: boolean;
}

/**
 * Runs an action where a stack's nodes can be reached. That is this process, unless the nodes are in a lab and this
 * process is outside of it: then the whole command line runs again inside the lab. Sets the process's exit code.
 */
export async function onNodes(
  line: CommandLine,
  stack: string,
  action: (reached: ReachedStack) => Promise<number>,
  { unreached = refuseUnreached, work, wait, tells = false }: OnNodes = {},
): Promise<void> {
  const place = await line.placeOf(stack);
  if (place.kind === "lab") process.exitCode = await line.againInside(place.lab, line.argv);
  else if (place.kind === "nowhere") process.exitCode = await unreached(stack, place);
  else if (work === undefined) {
    if (!tells) await noteWorker(stack);
    process.exitCode = await action(place);
  } else process.exitCode = await alone(stack, work, wait, () => action(place));
}

const note = (text: string): void => void process.stderr.write(`${text}\n`);

async function noteWorker(stack: string): Promise<void> {
  const { whoWorks } = await import("./pulumi/turn.js");
  const words = whoWorks(stack);
  if (words !== undefined) note(words);
}

async function alone(
  stack: string,
  work: string,
  wait: boolean | undefined,
  action: () => Promise<number>,
): Promise<number> {
  const { working } = await import("./pulumi/turn.js");
  const { backendOf } = await import("./pulumi/surroundings.js");
  const { currentLab } = await import("../lab/index.js");
  const again = `${callOn(stack, work, "--wait")} ...`;
  return await working(
    backendOf(currentLab() !== undefined),
    stack,
    work,
    { wait, again, say: note },
    action,
  );
}
