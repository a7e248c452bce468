import { Failure } from "../local/errors";
import { interruptible } from "./interrupt";
import { journalFile, openJournal } from "./journal";
import type { Recording } from "./recording";
import { ReportFolder } from "./report/files";
import type { DrillReport } from "./report/summary";
import type { TrialResult } from "./report/trial";
import { drill, type Order, Refused } from "./runner";
import type { Testbed } from "./testbed/testbed";

/** What a session is to do. */
export interface SessionOptions extends Omit<Order, "before" | "seed"> {
  /** Default: a random one. */
  seed?: number;
  /** Continue the report that is in the folder. */
  continue?: boolean;
}

/** Shows how a session goes. */
export interface Progress {
  say(line: string): void;
  judged(recording: Recording, result: TrialResult): void;
}

/**
 * Drills a testbed until the order is done or Ctrl-C ends it. Keeps the raw data of each trial, and writes the report.
 *
 * @param directory the folder of the report
 * @throws Failure if the stack is not healthy, or the report is of another stack; nothing is broken then
 */
export async function drillTestbed(
  testbed: Testbed,
  { continue: continues, seed, ...order }: SessionOptions,
  directory: string,
  { say, judged }: Progress,
): Promise<DrillReport> {
  const folder = new ReportFolder(directory);
  const known = testbed.nodes.map(({ name }) => name);
  const check = (nodes: string[]): void => {
    if (nodes.join() !== known.join())
      throw new Failure(
        `${directory} has the report of a stack with the nodes ${nodes.join(", ")}, and this one has ${known.join(", ")}: name another \`--report\``,
      );
  };
  if (!continues) folder.clear();
  const before = continues ? folder.resume(check) : [];
  const full: Order = { ...order, before, seed: seed ?? Math.floor(Math.random() * 2 ** 31) };
  const { signal, end } = interruptible(say);
  try {
    const report = await drill(testbed, openJournal(journalFile(testbed.stack)), full, {
      say,
      signal,
      judged(recording, result) {
        folder.keep(recording);
        judged(recording, result);
      },
    });
    folder.write(report);
    return report;
  } catch (error) {
    throw error instanceof Refused ? new Failure(error.message) : error;
  } finally {
    end();
  }
}
