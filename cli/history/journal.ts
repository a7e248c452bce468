import type { NodeJournal } from "../../stack/history";
import type { ClockReading } from "../../stack/history/clock";
import type { JournalEntry } from "../../stack/history/entry";
import { journalEntry, keptEntry } from "../../stack/history/entry";
import { eventOf } from "../../stack/history/event";
import type { KnownNode } from "../../stack/known-stack";
import { nodeLines } from "../logs/node-lines";

/** How often a node's clock is read: the first answer has the login in it. */
const readings = 8;

/** Entries of a node that are kept, the last ones: a node that is out of its mind says more than anybody reads. */
const most = 20_000;

/** Of so many other nodes what this one knows is kept. */
const mostOthers = 16;

/** The units whose journal has the history. */
const units = ["ha-rancher-agent", "ha-rancher-lease", "keepalived"];

/** Milliseconds without a word after which a node is given up. */
const patience = 40_000;

/** A node's journal as it comes. */
export interface JournalStream {
  journal: NodeJournal;
  /** What the node has of the events of others, which they put beside the lease; by their names. */
  others: ReadonlyMap<string, readonly JournalEntry[]>;
  /** Resolves when it has ended: with nothing, or with why. */
  ended: Promise<string | undefined>;
  end(): void;
}

export interface JournalOptions {
  /** How far back. */
  seconds: number;
  /** Go on with what is said from now on. */
  follow: boolean;
  /** Called after each entry. */
  changed?: () => void;
  /** OpenSSH's client. */
  program?: string;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Begins to read a node's clock, and then its journal. */
export function journalStream(
  node: KnownNode,
  { seconds, follow, changed, program, now = Date.now }: JournalOptions,
): JournalStream {
  const entries: JournalEntry[] = [];
  const kept: JournalEntry[] = [];
  const others = new Map<string, JournalEntry[]>();
  const clocks: ClockReading[] = [];
  let asked = now();
  let late: string | undefined;
  const begin = asked - seconds * 1_000;
  const keep = (of: string | undefined, line: string): void => {
    const entry = keptEntry(line);
    if (!entry || entry.time < begin || !eventOf(of ?? node.name, entry)) return;
    const into = of === undefined ? kept : (others.get(of) ?? []);
    if (of !== undefined && (others.has(of) || others.size < mostOthers)) others.set(of, into);
    if (into.length < most) into.push(entry);
  };
  const take = (line: string): void => {
    const [, theirs] = /^clock (\d{1,12}\.\d{1,9})$/.exec(line) ?? [];
    if (theirs !== undefined && clocks.length < readings) {
      clocks.push({ asked, answered: now(), theirs: Number(theirs) * 1000 });
      asked = now();
      stream.tell(clocks.length < readings ? "clock" : "go");
      return;
    }
    const [, of, event = ""] = /^(?:kept|of (\S{1,64})) (\{.*)$/.exec(line) ?? [];
    if (event) {
      keep(of, event);
      return;
    }
    const entry = journalEntry(line);
    // What else is said there is not kept.
    if (!entry || (!eventOf(node.name, entry) && entry.boot === entries.at(-1)?.boot)) return;
    entries.push(entry);
    if (entries.length > most) entries.splice(0, entries.length - most);
    changed?.();
  };
  const args = [String(Math.max(1, Math.ceil(seconds))), follow ? "yes" : "no", ...units];
  const waiting = setTimeout(() => {
    late = `it did not answer within ${patience / 1_000} s`;
    stream.end();
  }, patience);
  const each = (line: string): void => {
    if (follow) clearTimeout(waiting);
    else waiting.refresh();
    take(line);
  };
  const stream = nodeLines(node, "host/history", args, each, program);
  stream.tell("clock");
  const ended = stream.ended.then((why) => late ?? why).finally(() => clearTimeout(waiting));
  return { journal: { node: node.name, entries, kept, readings: clocks }, others, ended, end: stream.end };
}
