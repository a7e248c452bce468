import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../local/clock";
import { readerIsGone } from "../../local/reader";
import type { KnownStack } from "../../stack/known-stack";
import { reportOf } from "../status-report";
import { colors } from "../ui/colors";
import { type StatusReport, statusTable } from "../ui/status-table";
import { Events } from "./events";
import { watchGaps } from "./gaps";
import { askNode, Looks } from "./looks";

/** Milliseconds between two frames at most, and at least. */
const frames = { most: 1_000, least: 150 };

/** How many events are kept for the screen. */
const kept = 200;

const timeOfDay = (): string => new Date().toTimeString().slice(0, 8);

/**
 * The text of a frame: the table, and below it as many of the last events as there is room for.
 *
 * @param rows of the terminal
 */
export function frame(report: StatusReport, events: readonly string[], rows: number, paint = colors): string {
  const table = statusTable(report, paint);
  const room = Math.max(3, rows - table.split("\n").length - 4);
  const shown = events.slice(-room);
  return [
    table,
    "",
    ...shown,
    ...(shown.length > 0 ? [""] : []),
    paint.dim(`${timeOfDay()}, Ctrl-C ends`),
  ].join("\n");
}

/** Moves the cursor home and clears each line's rest and what is below, which does not flicker. */
const painted = (text: string): string => `\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[K\n\u001b[J`;

/**
 * Shows the stack's state each second, and what happens. On a terminal frames; elsewhere a line for each event and each
 * new verdict; as JSON an object for each second. Returns once nobody
 * reads it any more.
 */
export async function watch(stack: string, known: KnownStack, json: boolean): Promise<0> {
  const paints = process.stdout.isTTY === true && !json;
  const events = new Events();
  const lines: string[] = [];
  let drawn = 0;
  let wake: () => void = () => {};
  const looks = new Looks(known, () => wake(), askNode);
  const { gaps, end } = watchGaps(known.vip);
  let verdict = "";
  looks.start();
  while (!readerIsGone()) {
    const looked = looks.look();
    const report = reportOf(stack, known, { nodes: [...looked.nodes], ping: looked.ping }, looked.ages);
    const fresh = looks.complete ? events.see(looked, gaps.at(clock())) : [];
    lines.push(...fresh.map((line) => `${timeOfDay()} ${line}`));
    lines.splice(0, lines.length - kept);
    if (paints) process.stdout.write(painted(frame(report, lines, process.stdout.rows || 24)));
    else if (json && looks.complete && clock() - drawn >= frames.most) {
      const at = new Date().toISOString();
      process.stdout.write(`${JSON.stringify({ at, ...report, events: lines.splice(0) })}\n`);
      drawn = clock();
    } else if (!json && looks.complete) {
      for (const line of fresh) process.stdout.write(`${timeOfDay()} ${line}\n`);
      const key = [report.state, ...report.holders].join();
      if (key !== verdict) process.stdout.write(`${timeOfDay()} ${report.message}\n`);
      verdict = key;
    }
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await sleep(frames.least);
    await Promise.race([changed, sleep(frames.most - frames.least)]);
  }
  looks.end();
  end();
  return 0;
}
