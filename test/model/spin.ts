import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../local/root";

const runProgram = promisify(execFile);

/** MiB that a search may take; the largest takes a third of it. */
const memoryLimit = 1900;

/** What a search of all runs of proof/model/one-writer.pml came to. */
export interface Outcome {
  /** How many states it has seen. */
  states: number;
  /** The assertion that a run violates, as the model names it; undefined if none does. */
  violated: "I1" | "I3" | undefined;
  /** The shortest such run, a line an event, `A`, `B` and `C` the nodes, `S` the server; empty if there is none. */
  story: string[];
}

/**
 * Searches all runs of the model.
 *
 * @param defines what to define, such as `FAULTS=1`; the model's head says what there is
 * @param breadth the shortest violation first, which takes more memory
 * @throws if the search does not end in that memory, or the model does not compile
 */
export async function check(defines: string[], breadth: boolean): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "one-writer-model-"));
  const run = async (program: string, ...args: string[]): Promise<string> =>
    (await runProgram(program, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 })).stdout;
  try {
    copyFileSync(join(packageRoot, "proof", "model", "one-writer.pml"), join(folder, "one-writer.pml"));
    const given = defines.map((define) => `-D${define}`);
    await run("spin", "-a", ...given, "one-writer.pml");
    await run(
      "gcc",
      "-O2",
      "-DSAFETY",
      `-DMEMLIM=${memoryLimit}`,
      ...(breadth ? ["-DBFS"] : []),
      "-o",
      "pan",
      "pan.c",
    );
    const said = await run(join(folder, "pan"), "-n", "-m1000000");
    const states = /^\s*([\d.e+]+) states, stored/m.exec(said)?.[1];
    if (!existsSync(join(folder, "one-writer.pml.trail"))) {
      if (!states || /out of memory|max search depth too small|Search not completed/.test(said))
        throw new Error(`spin did not search all runs:\n${said}`);
      return { states: Number(states), violated: undefined, story: [] };
    }
    const told = await run("spin", "-t", "-T", ...given, "one-writer.pml");
    return {
      states: Number(states),
      // The text of the assertion that failed.
      violated: /assert\(.*epoch>epoch_file/.test(told) ? "I3" : "I1",
      story: storyOf(told),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The events of a run, and the time between them: a line of the model for each tick becomes one for all. */
function storyOf(told: string): string[] {
  const story: string[] = [];
  let ticks = 0;
  for (const line of told.split("\n")) {
    const [, who, what] = /^([ABCS]) (.*)$/.exec(line) ?? [];
    if (line === "-") ticks++;
    if (!who) continue;
    if (ticks) story.push(`  (${ticks * 2} seconds)`);
    ticks = 0;
    story.push(`${who} ${what}`);
  }
  return story;
}
