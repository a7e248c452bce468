import { setTimeout as sleep } from "node:timers/promises";
import { type History, historyOf, type NodeJournal } from "../../stack/history";
import type { Stretch } from "../../stack/history/timeline";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { pingVip } from "../../stack/measure";
import type { NodeReport } from "../../stack/node-report";
import { type JournalStream, journalStream } from "../history/journal";
import { clockRemarks, historyReport } from "../history/report";
import { reportOf } from "../status-report";
import { Looks } from "../watch/looks";
import type { Watch } from "./hub";
import { pageModel, type Sample } from "./model";

/** Seconds of the past that are shown. */
const past = 3_600;

/** Milliseconds: between two questions of a client, for an answer, between two histories, before a lost connection is made again. */
const times = { question: 500, answer: 2_000, history: 1_000, again: 3_000 };

/** How many answers are kept: five minutes. */
const kept = 600;

/** When nodes were asked and did not answer. */
export class Silences {
  private readonly closed: (Stretch & { node: string })[] = [];
  private readonly open = new Map<string, number>();

  see(nodes: readonly NodeReport[], now: number): void {
    for (const { name, status } of nodes) {
      const since = this.open.get(name);
      if (!status && since === undefined) this.open.set(name, now);
      if (!status || since === undefined) continue;
      this.open.delete(name);
      this.closed.push({ node: name, from: since, until: now });
    }
    while ((this.closed[0]?.until ?? now) < now - past * 1_000) this.closed.shift();
  }

  all(now: number): (Stretch & { node: string })[] {
    return [...this.closed, ...[...this.open].map(([node, from]) => ({ node, from, until: now }))];
  }
}

/** Follows a node's journal, and does so again when the connection is lost: what was read before that is kept. */
class Followed {
  journal: NodeJournal;
  error: string | undefined;
  private stream: JournalStream | undefined;
  private over = false;

  constructor(
    private readonly node: KnownNode,
    private readonly changed: () => void,
  ) {
    this.journal = { node: node.name, entries: [], readings: [] };
    void this.follow();
  }

  private async follow(): Promise<void> {
    while (!this.over) {
      const before = this.journal.entries;
      this.stream = journalStream(this.node, {
        ...{ seconds: past, follow: true },
        changed: () => {
          const { journal } = this.stream as JournalStream;
          const first = journal.entries[0]?.time ?? Number.POSITIVE_INFINITY;
          this.journal = {
            ...journal,
            entries: [...before.filter(({ time }) => time < first), ...journal.entries],
          };
          this.error = undefined;
          this.changed();
        },
      });
      this.error = (await this.stream.ended) ?? "the connection has ended";
      await sleep(times.again);
    }
  }

  end(): void {
    this.over = true;
    this.stream?.end();
  }
}

/** What a client of the service sees: it asks through the VIP, again and again. */
async function askOn(known: KnownStack, isOver: () => boolean, add: (sample: Sample) => void): Promise<void> {
  while (!isOver()) {
    const at = Date.now();
    const { ok, milliseconds = 0 } = await pingVip(known, times.answer);
    add([at, ok ? milliseconds : null]);
    await sleep(Math.max(50, times.question - (Date.now() - at)));
  }
}

/** Watches a stack, as `status --watch` and `history` do. */
export const watchStack =
  (stack: string, known: KnownStack): Watch =>
  (changed) => {
    const looks = new Looks(known, changed);
    const silences = new Silences();
    const samples: Sample[] = [];
    let over = false;
    let made: { history: History; at: number } | undefined;
    let isOld = true;
    const followed = known.nodes.map(
      (node) =>
        new Followed(node, () => {
          isOld = true;
          changed();
        }),
    );
    const historyNow = (now: number): History => {
      if (!made || (isOld && now - made.at >= times.history)) {
        made = {
          at: now,
          history: historyOf(
            followed.map(({ journal }) => journal),
            now,
          ),
        };
        isOld = false;
      }
      return made.history;
    };
    looks.start();
    void askOn(
      known,
      () => over,
      (sample) => {
        samples.push(sample);
        samples.splice(0, samples.length - kept);
        changed();
      },
    );
    return {
      samples: () => samples,
      model: () => {
        if (!looks.complete) return undefined;
        const now = Date.now();
        const { nodes, ping, ages } = looks.look();
        silences.see(nodes, now);
        const history = historyNow(now);
        const errors = new Map(
          followed.flatMap(({ journal, error }) => (error ? [[journal.node, error] as const] : [])),
        );
        const told = historyReport(stack, history, { since: now - past * 1_000, until: now, errors });
        const report = reportOf(stack, known, { nodes: [...nodes], ping }, ages);
        return pageModel(report, history, { silences: silences.all(now), remarks: clockRemarks(told) }, now);
      },
      end: () => {
        over = true;
        looks.end();
        for (const each of followed) each.end();
      },
    };
  };
