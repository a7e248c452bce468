import { after, before } from "node:test";
import { forgetData, haRancher, tellJournals } from "./command";
import { removeStackFile, set, writeStackFile } from "./stack-file";
import { hasFailed } from "./steps";
import { endTurn, takeTurn } from "./turn";

interface Options {
  /** What differs from the settings of `dev`. */
  settings?: Record<string, unknown>;
  /** Writes another stack's file in place of `dev`'s. */
  begin?: () => void;
  /** Options of the last `down`. */
  down?: string[];
  /** The last step is a `down`: another one only if that was not reached. */
  goesDown?: boolean;
  /** Before the last `down`, whatever happened. */
  clearUp?: () => void | Promise<void>;
}

/** Gives a file of steps its stack. Whatever happens, no machine, process or file of it stays. */
export function withStack({
  settings = {},
  begin = writeStackFile,
  down = [],
  goesDown = false,
  clearUp,
}: Options = {}): void {
  before(async () => {
    await takeTurn();
    begin();
    set(settings);
  });

  after(async () => {
    if (hasFailed()) await tellJournals();
    try {
      await clearUp?.();
    } finally {
      if (hasFailed() || !goesDown) await haRancher("down", ...down);
      removeStackFile();
      forgetData();
      endTurn();
    }
  });
}
