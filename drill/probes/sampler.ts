import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { clock } from "../../local/clock";
import { shellQuote } from "../../providers/remote/quote";
import { parseSample, placeSamples, type RawSample, type Sample, type Tick } from "./samples";

/** How to run a shell command on a node; the sampler adds the command. */
export interface Shell {
  command: string;
  args: string[];
}

/** Milliseconds between two questions for the node's time, and between two tries to reach it. */
const tickInterval = 250;
const retryInterval = 300;

/**
 * Seconds between two looks of a recorder. A look takes an emulated processor 13 ms: with 50 of them a second guards got too
 * little time for their heartbeats. Closely is still too much while a node boots, or the next trial is waited for.
 */
const looks = { closely: 0.05, calmly: 0.2 } as const;

export type Watch = keyof typeof looks;

const nothing = { vip: false, container: false, data: false, lease: false, epoch: 0, guard: "" };

/** What one recorder told, from its start until its node's end. */
interface Recording {
  identity: string;
  lines: number;
  raw: RawSample[];
  ticks: Tick[];
}

/**
 * Follows the recorder of one node over one connection that stays open. If the connection breaks, it is made again and
 * the recorder tells what happened meanwhile; after a boot there is a new one.
 */
export class Sampler {
  private readonly recordings: Recording[] = [];
  private child: ChildProcess | undefined;
  private ended = false;
  /** How often the recorder looks, from its next question for the time on. */
  watch: Watch = "calmly";
  private said = "";
  private readonly asked = new Map<number, number>();
  private questions = 0;
  private readonly ticking: NodeJS.Timeout;

  /**
   * @param shell runs a command as root on the node
   * @param program path of node/drill/sampler there
   * @param container the id of the container to watch
   */
  constructor(
    private readonly shell: Shell,
    private readonly program: string,
    private readonly container: string,
  ) {
    this.connect();
    this.ticking = setInterval(() => this.tick(), tickInterval);
  }

  /** What was said last on stderr: why it does not come to anything. */
  get lastWords(): string {
    return this.said.trim().split("\n").at(-1) ?? "";
  }

  /** Whether it is being told what happens now. */
  get follows(): boolean {
    const last = this.recordings.at(-1)?.ticks.at(-1);
    return last !== undefined && clock() - last.received < 12 * tickInterval;
  }

  /** What was told last; undefined if it is not what happens now. */
  get latest(): Sample | undefined {
    return this.follows ? this.recordings.at(-1)?.raw.at(-1) : undefined;
  }

  /** All samples so far, in order. */
  get samples(): Sample[] {
    return this.recordings.flatMap(({ raw, ticks }) => placeSamples(raw, ticks)).sort((a, b) => a.at - b.at);
  }

  /** When it was so many seconds after the node's boot, here; undefined if that is not known (yet). */
  when(up: number): number | undefined {
    const { ticks = [] } = this.recordings.at(-1) ?? {};
    const at = clock();
    return placeSamples([{ at, up, ...nothing }], ticks)[0]?.at;
  }

  /** Forgets what was told until now, but not what time it is on the node. */
  forget(): void {
    for (const recording of this.recordings) {
      recording.raw.length = 0;
      recording.ticks.splice(0, recording.ticks.length - 8);
    }
  }

  /** Ends the connection; the recorder ends by itself. */
  end(): void {
    this.ended = true;
    clearInterval(this.ticking);
    const { child } = this;
    // It ends with its standard input; one whose node does not answer is not waited for.
    child?.stdin?.end();
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    setTimeout(() => child?.kill("SIGKILL"), 1_000).unref();
    child?.unref();
  }

  private connect(): void {
    if (this.ended) return;
    const { identity = "none", lines = 0 } = this.recordings.at(-1) ?? {};
    const command = [this.program, "follow", this.container, identity, String(lines + 1)]
      .map(shellQuote)
      .join(" ");
    const child = spawn(this.shell.command, [...this.shell.args, command], { stdio: "pipe" });
    this.child = child;
    this.asked.clear();
    // A connection that breaks is no end.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      this.said = error.message;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.said = (this.said + text).slice(-1_000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.take(line));
    // Not "close": what it started may live on for a while, with its output open.
    const again = (): void => {
      child.stdout.destroy();
      this.connect();
    };
    child.on("exit", () => setTimeout(again, retryInterval));
  }

  private tick(): void {
    const question = ++this.questions;
    this.asked.set(question, clock());
    this.child?.stdin?.write(`${question} ${looks[this.watch]}\n`);
  }

  private take(line: string): void {
    const at = clock();
    const [mark, first = "", second = ""] = line.split(" ");
    if (mark === "#") {
      // Another one: the node has been started again.
      if (this.recordings.at(-1)?.identity !== first)
        this.recordings.push({ identity: first, lines: 0, raw: [], ticks: [] });
      return;
    }
    const recording = this.recordings.at(-1);
    if (!recording) return;
    if (mark === "=") {
      const sent = this.asked.get(Number(first));
      if (sent !== undefined) recording.ticks.push({ sent, received: at, up: Number(second) });
      this.asked.delete(Number(first));
      return;
    }
    const sample = parseSample(line, at);
    // Half a line, where the connection broke, comes again.
    if (!sample) return;
    recording.lines++;
    recording.raw.push(sample);
  }
}
