import { Failure } from "../../local/errors";
import { stream } from "../../local/foreground";
import { packageRoot } from "../../local/root";
import { colors } from "../ui/colors";
import { PlainDisplay, ScreenDisplay } from "./progress/display";
import { engineEvent } from "./progress/events";
import { Progress } from "./progress/progress";
import { quiet } from "./progress/quiet";
import { commandIn, type Surroundings } from "./surroundings";

/** Options for every operation: no questions, no preview, no outputs; events in place of a text. */
const common = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--json"];

export interface Operation {
  stack: string;
  /** `up` or `destroy`, with options. */
  argv: readonly string[];
  /** Names of the stack's nodes, for the display. */
  nodes: readonly string[];
  environment?: NodeJS.ProcessEnv;
  /** A sentence that says what to do after a failure or Ctrl-C. */
  next: string;
}

/**
 * Runs a Pulumi operation on a stack, and shows what it does: at a terminal the nodes with their steps, elsewhere lines.
 *
 * @throws Failure if it fails, with exit code 130 after Ctrl-C
 */
export async function runPulumi(
  surroundings: Surroundings,
  { stack, argv, nodes, environment = {}, next }: Operation,
): Promise<void> {
  const command = ["pulumi", ...argv, ...common, "--stack", stack];
  const display = new (process.stdout.isTTY ? ScreenDisplay : PlainDisplay)(process.stdout, colors, nodes);
  const progress = new Progress(display);
  const hear = (line: string, from: "stdout" | "stderr"): void => {
    const event = from === "stdout" ? engineEvent(line) : undefined;
    const text = event ? undefined : quiet(line);
    if (event) progress.see(event);
    else if (text !== undefined) display.line(text);
  };
  const { code, interrupted } = await stream(commandIn(surroundings, command, environment), {
    cwd: packageRoot,
    onLine: hear,
    onInterrupt: (count) =>
      display.line(
        count === 1
          ? "\nStopping: operations that have begun are finished, no new ones start. Ctrl-C again ends it at once."
          : "\nEnding at once.",
      ),
  }).finally(() => display.close());
  for (const line of progress.summary()) display.line(line);
  display.close();
  if (interrupted) throw new Failure(`interrupted. ${next}`, 130);
  if (code !== 0)
    throw new Failure(`\`pulumi ${argv[0]}\` failed, see above. Once the cause is repaired, ${next}`);
}
