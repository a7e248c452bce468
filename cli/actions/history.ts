import { historyOf, type NodeJournal } from "../../stack/history";
import type { JournalEntry } from "../../stack/history/entry";
import type { KnownStack } from "../../stack/known-stack";
import { journalStream } from "../history/journal";
import { historyReport } from "../history/report";
import { shownHistory } from "../history/show";
import { sinceSeconds } from "../logs/since";
import { colors } from "../ui/colors";

export interface HistoryOptions {
  stack: string;
  /** How far back, such as 2d. */
  since: string;
  json?: boolean;
  /** Show each event of an entry, too. */
  events?: boolean;
}

/**
 * Shows what happened, as one story of all nodes' journals.
 *
 * @returns 0; 1 if no node could be reached
 * @throws Failure with code 2 if `since` is no time
 */
export async function history(
  known: KnownStack,
  { stack, since, json = false, events = false }: HistoryOptions,
): Promise<number> {
  const seconds = sinceSeconds(since);
  const read = await Promise.all(
    known.nodes.map(async (node) => {
      const { journal, others, ended } = journalStream(node, { seconds, follow: false });
      return { journal, others, why: await ended };
    }),
  );
  const until = Date.now();
  const errors = new Map(
    read.flatMap(({ journal, why }) => (why === undefined ? [] : [[journal.node, why] as const])),
  );
  const found = historyOf(
    read.map(({ journal, why }) =>
      why === undefined
        ? journal
        : toldByOthers(
            journal,
            read.flatMap(({ others }) => [others.get(journal.node) ?? []]),
          ),
    ),
    until,
  );
  const report = historyReport(stack, found, { since: until - seconds * 1_000, until, errors });
  const text = json ? JSON.stringify(report, undefined, 2) : shownHistory(report, events, colors);
  process.stdout.write(`${text}\n`);
  return errors.size < known.nodes.length ? 0 : 1;
}

/** A node that does not answer has put its events beside the lease, where the others have read them. */
function toldByOthers(journal: NodeJournal, copies: readonly (readonly JournalEntry[])[]): NodeJournal {
  const longest = copies.reduce((one, other) => (other.length > one.length ? other : one), []);
  return { ...journal, kept: [...(journal.kept ?? []), ...longest] };
}
