import { setTimeout as sleep } from "node:timers/promises";
import { type History, historyOf, type NodeJournal } from "../../stack/history";
import type { Stretch } from "../../stack/history/timeline";
import type { KnownStack } from "../../stack/known-stack";
import { pingVip, type Service } from "../../stack/measure";
import type { NodeReport } from "../../stack/node-report";
import { type JournalStream, journalStream } from "../history/journal";
import { clockRemarks, historyReport } from "../history/report";
import { reportOf } from "../status-report";
import type { StatusReport } from "../ui/status-table";
import { askNode, Looks } from "../watch/looks";
import type { Watch } from "./hub";
import { pageModel, type Sample } from "./model";

/** Seconds of the past that are shown. */
const past = 3_600;

/** Milliseconds: between two questions of a client, for an answer, between two histories, before a lost connection is made again. */
const times = { question: 500, answer: 2_000, history: 1_000, again: 3_000 };

/** How many answers are kept: five minutes. */
const kept = 600;

/** A node as the page sees it. */
export interface SeenNode {
  name: string;
  address: string;
  /** Asks it how it stands. */
  ask(): Promise<NodeReport>;
  /** Begins to read what it says, and what it has said in the last seconds. */
  journal(seconds: number, changed: () => void): JournalStream;
}

/** What a page is of: nodes that can be looked at, and a service that can be asked. */
export interface Seen {
  stack: string;
  vip: string;
  /** Where people find the service. */
  url: string;
  /** Where a client asks it. */
  service: Service;
  nodes: readonly SeenNode[];
  /** Milliseconds since 1970: there was nothing before. Default: longer ago than is shown. */
  begun?: number;
  /** Says it in other words. */
  inWords?: (report: StatusReport) => StatusReport;
}

/** A stack, which is looked at over SSH. */
export const seenStack = (stack: string, known: KnownStack): Seen => ({
  ...{ stack, vip: known.vip, url: known.url, service: known },
  nodes: known.nodes.map((node) => ({
    ...{ name: node.name, address: node.address },
    ask: () => askNode(node),
    journal: (seconds, changed) => journalStream(node, { seconds, follow: true, changed }),
  })),
});

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
    private readonly node: SeenNode,
    private readonly changed: () => void,
  ) {
    this.journal = { node: node.name, entries: [], readings: [] };
    void this.follow();
  }

  private async follow(): Promise<void> {
    while (!this.over) {
      const before = this.journal.entries;
      this.stream = this.node.journal(past, () => {
        const { journal } = this.stream as JournalStream;
        const first = journal.entries[0]?.time ?? Number.POSITIVE_INFINITY;
        this.journal = {
          ...journal,
          entries: [...before.filter(({ time }) => time < first), ...journal.entries],
        };
        this.error = undefined;
        this.changed();
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

/** What nodes said, which is made a history of when there is something new. */
class Story {
  private readonly followed: Followed[];
  private made: { history: History; at: number } | undefined;
  private isOld = true;

  constructor(nodes: readonly SeenNode[], changed: () => void) {
    this.followed = nodes.map(
      (node) =>
        new Followed(node, () => {
          this.isOld = true;
          changed();
        }),
    );
  }

  /** @param now milliseconds since 1970 */
  history(now: number): History {
    if (!this.made || (this.isOld && now - this.made.at >= times.history)) {
      const journals = this.followed.map(({ journal }) => journal);
      this.made = { at: now, history: historyOf(journals, now) };
      this.isOld = false;
    }
    return this.made.history;
  }

  /** Why journals could not be read, by the names of their nodes. */
  get errors(): Map<string, string> {
    return new Map(
      this.followed.flatMap(({ journal, error }) => (error ? [[journal.node, error] as const] : [])),
    );
  }

  end(): void {
    for (const each of this.followed) each.end();
  }
}

/** What a client of the service sees: it asks through the VIP, again and again. */
async function askOn(service: Service, isOver: () => boolean, add: (sample: Sample) => void): Promise<void> {
  while (!isOver()) {
    const at = Date.now();
    const { ok, milliseconds = 0 } = await pingVip(service, times.answer);
    add([at, ok ? milliseconds : null]);
    await sleep(Math.max(50, times.question - (Date.now() - at)));
  }
}

/** Watches a stack, as `status --watch` and `history` do. */
export const watchSeen =
  ({ stack, vip, url, service, nodes: seen, begun = 0, inWords = (report) => report }: Seen): Watch =>
  (changed) => {
    const looks = new Looks({ ...service, nodes: seen }, changed, (node) => node.ask());
    const silences = new Silences();
    const samples: Sample[] = [];
    let over = false;
    const story = new Story(seen, changed);
    looks.start();
    void askOn(
      service,
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
        const history = story.history(now);
        const told = historyReport(stack, history, {
          since: now - past * 1_000,
          until: now,
          errors: story.errors,
        });
        const report = inWords(reportOf(stack, { vip, url }, { nodes: [...nodes], ping }, ages));
        const beside = { silences: silences.all(now), remarks: clockRemarks(told), begun };
        return pageModel(report, history, beside, now);
      },
      end: () => {
        over = true;
        looks.end();
        story.end();
      },
    };
  };
