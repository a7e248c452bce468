import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomicallySync } from "../local/files";
import { dataHome } from "../local/paths";
import type { Action } from "./faults";

/*
 * What must be taken back. It is on disk before a fault is injected, so that the next drill knows it however this one
 * ends.
 */

export interface Journal {
  /** The actions still to be done, in this order. */
  readonly pending: readonly Action[];
  /** Adds the actions that take back the next fault. They are on disk when this returns. */
  promise(fault: string, actions: readonly Action[]): void;
  /** Removes actions that were done. */
  done(actions: readonly Action[]): void;
}

interface Content {
  fault: string;
  since: string;
  pending: Action[];
}

export const journalFile = (stack: string): string => join(dataHome(), "drill", `${stack}.json`);

function write(file: string, content: Content): void {
  writeAtomicallySync(file, `${JSON.stringify(content, undefined, 1)}\n`);
}

/** The journal in a file; empty if there is no file. @throws with the way out if it cannot be read */
export function openJournal(file: string): Journal {
  let content: Content = { fault: "", since: "", pending: [] };
  try {
    content = JSON.parse(readFileSync(file, "utf8")) as Content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw new Error(
        `${file}, which has what the last drill did not take back, cannot be read (${error}): find what is broken on the nodes, mend it, and remove the file`,
      );
  }
  const same = (a: Action) => (b: Action) => JSON.stringify(a) === JSON.stringify(b);
  return {
    get pending() {
      return content.pending;
    },
    promise(fault, actions) {
      const fresh = actions.filter((action) => !content.pending.some(same(action)));
      content = { fault, since: new Date().toISOString(), pending: [...content.pending, ...fresh] };
      write(file, content);
    },
    done(actions) {
      const pending = content.pending.filter((action) => !actions.some(same(action)));
      content = { ...content, pending };
      if (pending.length) write(file, content);
      else rmSync(file, { force: true });
    },
  };
}
