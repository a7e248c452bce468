import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";

export interface Command {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}

export interface Ended {
  /** 128 + N if signal N ended it. */
  code: number;
  /** Whether the user has pressed Ctrl-C (or the terminal is gone). */
  interrupted: boolean;
}

/**
 * Milliseconds in which a repeated signal counts as the same one. The terminal sends Ctrl-C to all of its processes,
 * and npm passes it on once more. Pulumi would end at once after a second one.
 */
const sameSignal = 700;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Handles Ctrl-C (or the terminal's end) without ending the process, until `stop` is called.
 *
 * @param act called once for each Ctrl-C, however often its signal comes, with its number from 1
 */
export function onInterrupt(act: (count: number) => void): { readonly count: number; stop(): void } {
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  const relay = (): void => {
    if (performance.now() - last < sameSignal) return;
    last = performance.now();
    count += 1;
    act(count);
  };
  for (const signal of signals) process.on(signal, relay);
  return {
    get count() {
      return count;
    },
    stop() {
      for (const signal of signals) process.removeListener(signal, relay);
    },
  };
}

/**
 * Runs a program with our own stdout and stderr, without input, in its own process group. It gets a Ctrl-C once,
 * however often this process gets it. A second Ctrl-C is passed on, too. Returns when the program has ended.
 *
 * @param options.onInterrupt called at each Ctrl-C that is passed on, with its number from 1
 * @param options.onLine gets each line that the program prints, in place of our own stdout and stderr
 */
export async function stream(
  { command, args, env }: Command,
  options: {
    cwd?: string;
    onInterrupt?: (count: number) => void;
    onLine?: (line: string, from: "stdout" | "stderr") => void;
  } = {},
): Promise<Ended> {
  const { onLine } = options;
  const output = onLine ? "pipe" : "inherit";
  const child = spawn(command, args, {
    cwd: options.cwd,
    env,
    detached: true,
    stdio: ["ignore", output, output],
  });
  for (const from of ["stdout", "stderr"] as const) {
    const input = child[from];
    if (input) createInterface({ input }).on("line", (line) => onLine?.(line, from));
  }
  const interrupts = onInterrupt((count) => {
    options.onInterrupt?.(count);
    // Only the program gets the signal: it ends its own children.
    child.kill("SIGINT");
  });
  try {
    return await new Promise<Ended>((resolve, reject) => {
      child.on("error", (error) => reject(new Error(`\`${command}\` cannot be started: ${error.message}`)));
      child.on("close", (code, signal) =>
        resolve({ code: code ?? signalCode(signal), interrupted: interrupts.count > 0 }),
      );
    });
  } finally {
    interrupts.stop();
  }
}

/**
 * Gives the terminal to a program, as a shell does: the program reads our input and handles the signals of the
 * terminal.
 *
 * @returns its exit code
 */
export async function handOver({ command, args, env }: Command, cwd: string): Promise<number> {
  const child = spawn(command, args, { cwd, env, stdio: "inherit" });
  // The terminal sends Ctrl-C to the program, too, which decides what to do.
  const ignore = (): void => {};
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", ignore).on("SIGTERM", pass).on("SIGHUP", pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => reject(new Error(`\`${command}\` cannot be started: ${error.message}`)));
      child.on("close", (code, signal) => resolve(code ?? signalCode(signal)));
    });
  } finally {
    process.removeListener("SIGINT", ignore);
    process.removeListener("SIGTERM", pass);
    process.removeListener("SIGHUP", pass);
  }
}

const signalCode = (signal: NodeJS.Signals | null): number =>
  128 + (signal === null ? 0 : constants.signals[signal]);
