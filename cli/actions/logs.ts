import { setTimeout as sleep } from "node:timers/promises";
import { onInterrupt } from "../../local/foreground";
import { readerIsGone } from "../../local/reader";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { knownNode } from "../../stack/nodes";
import { isNoise, type LogLine, Merged } from "../logs/lines";
import { nodeStream } from "../logs/node-stream";
import { sinceSeconds } from "../logs/since";
import { type Colors, colors } from "../ui/colors";

export interface LogsOptions {
  stack: string;
  /** Names; none: all. */
  nodes: string[];
  follow?: boolean;
  /** How far back, such as 10m. */
  since?: string;
}

/** How far back without `--since`. */
const usual = { past: "10m", follow: "1m" };

/** Milliseconds that a line waits for earlier ones, between two looks at those that wait, and before a new attempt. */
const times = { patience: 700, pause: 200, again: 3_000 };

interface Shown extends LogLine {
  node: string;
}

const note = (line: string): void => void process.stderr.write(`${line}\n`);

const clockOf = (time: number): string => {
  const date = new Date(time);
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

/** A line as it is shown: each node has a colour of its own. */
export function shownLine(
  { time, node, source, text }: Shown,
  names: readonly string[],
  paint: Colors,
): string {
  const palette = [paint.cyan, paint.magenta, paint.yellow, paint.green, paint.blue];
  const color = palette[names.indexOf(node) % palette.length] ?? paint.cyan;
  const width = Math.max(...names.map(({ length }) => length));
  const begin = `${paint.dim(clockOf(time))} ${color(node.padEnd(width))} ${paint.dim(source.padEnd(12))} `;
  return text
    .replaceAll(/\r?\n$/g, "")
    .replaceAll("\n", `\n${" ".repeat(width + 27)}`)
    .replace(/^/, () => begin);
}

/** Reads a node's log again and again, until it is over. */
async function followNode(
  node: KnownNode,
  seconds: number,
  over: { readonly count: number; ends: (() => void)[] },
  add: (line: LogLine) => void,
): Promise<void> {
  let back = seconds;
  const last = new Map<string, number>();
  while (over.count === 0) {
    const stream = nodeStream(node, { seconds: back, follow: true }, (line) => {
      // What was shown before the connection was lost comes again.
      if (line.time <= (last.get(line.source) ?? 0) && back !== seconds) return;
      last.set(line.source, line.time);
      add(line);
    });
    over.ends.push(stream.end);
    const begun = Date.now();
    const why = await stream.ended;
    if (over.count > 0) return;
    note(`${node.name}: ${why ?? "the connection has ended"}; trying again`);
    await sleep(times.again);
    back = (Date.now() - Math.max(begun, ...last.values())) / 1000 + 1;
  }
}

async function followAll(nodes: KnownNode[], seconds: number, merged: Merged<Shown>): Promise<number> {
  const ends: (() => void)[] = [];
  const endAll = (): void => {
    for (const end of ends) end();
  };
  const interrupts = onInterrupt(endAll);
  const over = {
    ends,
    get count() {
      return interrupts.count + Number(readerIsGone());
    },
  };
  const timer = setInterval(() => {
    merged.flush();
    if (readerIsGone()) endAll();
  }, times.pause);
  try {
    await Promise.all(
      nodes.map((node) =>
        followNode(node, seconds, over, (line) => merged.add({ ...line, node: node.name })),
      ),
    );
  } finally {
    clearInterval(timer);
    interrupts.stop();
    merged.flush(true);
  }
  return 0;
}

async function showPast(nodes: KnownNode[], seconds: number, merged: Merged<Shown>): Promise<number> {
  const results = await Promise.all(
    nodes.map(async (node) => {
      const add = (line: LogLine): void => merged.add({ ...line, node: node.name });
      return { name: node.name, why: await nodeStream(node, { seconds, follow: false }, add).ended };
    }),
  );
  merged.flush(true);
  const failed = results.filter(({ why }) => why !== undefined);
  for (const { name, why } of failed) note(`${name}: not reached: ${why}`);
  return failed.length < nodes.length ? 0 : 1;
}

/**
 * Shows what the nodes' agents, keepalived and the container said, in the order of time.
 *
 * @returns 0; 1 if no node could be reached
 */
export async function logs(
  known: KnownStack,
  { nodes, follow = false, since }: LogsOptions,
): Promise<number> {
  const seconds = sinceSeconds(since ?? usual[follow ? "follow" : "past"]);
  const chosen = nodes.length > 0 ? nodes.map((name) => knownNode(known, name)) : known.nodes;
  const names = chosen.map(({ name }) => name);
  const merged = new Merged<Shown>((line) => {
    if (!isNoise(line)) process.stdout.write(`${shownLine(line, names, colors)}\n`);
  }, times.patience);
  return await (follow ? followAll : showPast)(chosen, seconds, merged);
}
