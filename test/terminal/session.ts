import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../local/root";
import { Screen, type Size, usualSize } from "./screen";

export interface SessionOptions extends Partial<Size> {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Milliseconds between two looks at the screen, and how long something may take that takes no time. */
const times = { look: 30, limit: 60_000 };

/** Keys that have no letter. */
export const keys = {
  enter: "\r",
  interrupt: "\u0003",
  down: "\u001b[B",
  tab: "\t",
  clearLine: "\u0015",
} as const;

/** A program at a terminal of its own, with somebody who reads the screen and types. */
export class Session {
  readonly screen: Screen;
  /** Resolves with the program's exit code. */
  readonly ended: Promise<number>;
  private readonly child: ChildProcess;
  private code: number | undefined;

  constructor(argv: readonly string[], { env, cwd, ...size }: SessionOptions = {}) {
    const { rows, columns } = { ...usualSize, ...size };
    this.screen = new Screen({ rows, columns });
    const program = join(packageRoot, "test", "terminal", "at-terminal.py");
    this.child = spawn("python3", [program, String(rows), String(columns), ...argv], {
      cwd,
      env: { ...process.env, TERM: "xterm-256color", NO_COLOR: undefined, CI: undefined, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let drawn: Promise<void> = Promise.resolve();
    this.child.stdout?.on("data", (piece: Buffer) => {
      drawn = this.screen.write(piece);
    });
    this.child.stdin?.on("error", () => {});
    this.ended = once(this.child, "close").then(async ([code]) => {
      await drawn;
      this.code = Number(code);
      return this.code;
    });
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /**
   * Waits until what the program has shown matches.
   *
   * @param where `now`: on the screen, at the moment; `all`: also what was scrolled away
   * @throws Error with the last screen if it does not in time, or the program ends without it
   */
  async until(pattern: RegExp, limit = times.limit, where: "now" | "all" = "all"): Promise<string> {
    const end = performance.now() + limit;
    for (;;) {
      // Before the look: what was shown last counts.
      const isOver = this.code !== undefined;
      const text = this.screen[where]().join("\n");
      if (pattern.test(text)) return text;
      if (isOver || performance.now() > end)
        throw new Error(
          `${pattern} was not shown ${isOver ? `before the end (${this.code})` : `in ${limit / 1000} s`}:\n${this.screen.now().join("\n")}`,
        );
      await sleep(times.look);
    }
  }

  /** Waits for the program's end. @returns its exit code, and all that it has shown */
  async end(limit = times.limit): Promise<{ code: number; text: string }> {
    const late = sleep(limit, undefined, { ref: false }).then(() => {
      throw new Error(`it did not end in ${limit / 1000} s:\n${this.screen.now().join("\n")}`);
    });
    const code = await Promise.race([this.ended, late]).catch((error: Error) => {
      this.close();
      throw error;
    });
    return { code, text: this.screen.all().join("\n") };
  }

  /** Takes the terminal away: the program is hung up. */
  close(): void {
    if (this.code === undefined) this.child.kill();
  }
}
