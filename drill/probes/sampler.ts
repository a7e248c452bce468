import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { shellQuote } from "../../domain/shell-quote";
import { clock } from "../../local/clock";
import { spawnTied } from "../../local/tied";
import { parseSample, placeSamples, type RawSample, type Sample, type Tick } from "./samples";

/** How to run a shell command on a node; the command becomes the last argument. */
export interface Shell {
  command: string;
  args: string[];
}

/** Milliseconds between two questions for the node's time, and between two attempts to connect. */
const tickInterval = 250;
const retryInterval = 300;

/**
 * Seconds between two samples. A sample takes an emulated processor about 2 ms. `closely` is only used around a fault:
 * while a node boots it has none to spare.
 */
const periods = { closely: 0.05, calmly: 0.2 } as const;

export type Watch = keyof typeof periods;

const nothing = { vip: false, container: false, data: false, lease: false, epoch: 0, agent: "" };

/** What a recorder looks at on its node. */
export interface Watched {
  /** The container's id. */
  container: string;
  /** The floating IP without prefix. */
  vip: string;
  dataDirectory: string;
}

/** What one recorder wrote since its start. */
interface Recording {
  identity: string;
  lines: number;
  raw: RawSample[];
  ticks: Tick[];
}

/**
 * Follows the recorder of one node over a connection that stays open. If the connection breaks, a new one is made, and
 * the recorder sends what was missed. After a boot of the node a new recorder is started.
 */
export class Sampler {
  private readonly recordings: Recording[] = [];
  private child: ChildProcess | undefined;
  private ended = false;
  /** How often the recorder takes a sample, from the next question for the time on. */
  watch: Watch = "calmly";
  private stderr = "";
  private readonly questions = new Map<number, number>();
  private lastQuestion = 0;
  private readonly ticking: NodeJS.Timeout;

  /**
   * @param shell runs a command as root on the node
   * @param program path of node/drill/sampler there
   */
  constructor(
    private readonly shell: Shell,
    private readonly program: string,
    private readonly watched: Watched,
  ) {
    this.connect();
    this.ticking = setInterval(() => this.tick(), tickInterval);
  }

  /** The last line on stderr, which says why there are no samples. */
  get lastError(): string {
    return this.stderr.trim().split("\n").at(-1) ?? "";
  }

  /** Whether the recorder answers now. */
  get follows(): boolean {
    const last = this.recordings.at(-1)?.ticks.at(-1);
    return last !== undefined && clock() - last.received < 12 * tickInterval;
  }

  /** The last sample; undefined if the recorder does not answer now. */
  get latest(): Sample | undefined {
    return this.follows ? this.recordings.at(-1)?.raw.at(-1) : undefined;
  }

  /** All samples so far, in order. */
  get samples(): Sample[] {
    return this.recordings.flatMap(({ raw, ticks }) => placeSamples(raw, ticks)).sort((a, b) => a.at - b.at);
  }

  /** The time here at so many seconds after the node's boot; undefined if it is not known (yet). */
  when(up: number): number | undefined {
    const { ticks = [] } = this.recordings.at(-1) ?? {};
    const at = clock();
    return placeSamples([{ at, up, ...nothing }], ticks)[0]?.at;
  }

  /** Drops the samples, but keeps what is known about the node's clock. */
  forget(): void {
    for (const recording of this.recordings) {
      recording.raw.length = 0;
      recording.ticks.splice(0, recording.ticks.length - 8);
    }
  }

  /** Closes the connection; the recorder ends by itself. */
  end(): void {
    this.ended = true;
    clearInterval(this.ticking);
    const { child } = this;
    // The shell ends with its standard input. One whose node does not answer is not waited for.
    child?.stdin?.end();
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    setTimeout(() => child?.kill("SIGKILL"), 1_000).unref();
    child?.unref();
  }

  private connect(): void {
    if (this.ended) return;
    const { identity = "none", lines = 0 } = this.recordings.at(-1) ?? {};
    const { container, vip, dataDirectory } = this.watched;
    const command = [this.program, "follow", container, vip, dataDirectory, identity, String(lines + 1)]
      .map(shellQuote)
      .join(" ");
    const child = spawnTied(this.shell.command, [...this.shell.args, command], { stdio: "pipe" });
    this.child = child;
    this.questions.clear();
    // A broken connection is made again below.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      this.stderr = error.message;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-1_000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.take(line));
    // Not "close": its children may live on for a while and keep the output open.
    const again = (): void => {
      child.stdout.destroy();
      this.connect();
    };
    child.on("exit", () => setTimeout(again, retryInterval));
  }

  private tick(): void {
    const question = ++this.lastQuestion;
    this.questions.set(question, clock());
    this.child?.stdin?.write(`${question} ${periods[this.watch]}\n`);
  }

  private take(line: string): void {
    const at = clock();
    const [mark, first = "", second = ""] = line.split(" ");
    if (mark === "#") {
      // A new recorder: the node was booted.
      if (this.recordings.at(-1)?.identity !== first)
        this.recordings.push({ identity: first, lines: 0, raw: [], ticks: [] });
      return;
    }
    const recording = this.recordings.at(-1);
    if (!recording) return;
    if (mark === "=") {
      const sent = this.questions.get(Number(first));
      if (sent !== undefined) recording.ticks.push({ sent, received: at, up: Number(second) });
      this.questions.delete(Number(first));
      return;
    }
    const sample = parseSample(line, at);
    // Half a line, from a broken connection, is sent again.
    if (!sample) return;
    recording.lines++;
    recording.raw.push(sample);
  }
}
