import { Failure } from "../../local/errors";
import { stream } from "../../local/foreground";
import { packageRoot } from "../../local/root";
import { commandIn, type Surroundings } from "./surroundings";

/** Options for every operation: no questions, no preview, no outputs. */
const common = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"];

export interface Operation {
  stack: string;
  /** `up` or `destroy`, with options. */
  argv: readonly string[];
  environment?: NodeJS.ProcessEnv;
  /** A sentence that says what to do after a failure or Ctrl-C. */
  next: string;
}

/**
 * Runs a Pulumi operation on a stack.
 *
 * @throws Failure if it fails, with exit code 130 after Ctrl-C
 */
export async function runPulumi(
  surroundings: Surroundings,
  { stack, argv, environment = {}, next }: Operation,
  say: (line: string) => void,
): Promise<void> {
  const command = ["pulumi", ...argv, ...common, "--stack", stack];
  const { code, interrupted } = await stream(commandIn(surroundings, command, environment), {
    cwd: packageRoot,
    onInterrupt: (count) =>
      say(
        count === 1
          ? "\nStopping: operations that have begun are finished, no new ones start. Ctrl-C again ends it at once."
          : "\nEnding at once.",
      ),
  });
  if (interrupted) throw new Failure(`interrupted. ${next}`, 130);
  if (code !== 0)
    throw new Failure(`\`pulumi ${argv[0]}\` failed, see above. Once the cause is repaired, ${next}`);
}
