import { type ChildProcess, spawn } from "node:child_process";
import { passedOn } from "./child-environment";
import { exitWatchers } from "./signal-exit";

export interface RunOptions {
  cwd?: string;
  /** The whole environment; default: what programs of others get (child-environment.ts). */
  env?: NodeJS.ProcessEnv;
  /** Given to the child's standard input, which is closed afterwards; default: no input. */
  input?: string;
  /** File descriptors for input and output; with one for output, the result's `stdout` is empty. */
  inputFile?: number;
  outputFile?: number;
  /** Milliseconds after which the child's process group gets SIGTERM, and 5 s later SIGKILL; default: no limit. */
  timeout?: number;
  /** Characters that it may print, which are kept in memory; with more it is ended as by a timeout. Default: no limit. */
  mostOutput?: number;
  /** Called with each complete line of stdout and stderr, for progress. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Ends the child as a timeout would. */
  signal?: AbortSignal;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A child that ended with another code than 0, was killed, or could not be started. */
export class RunError extends Error {
  constructor(
    message: string,
    readonly result: RunResult,
  ) {
    super(message);
    this.name = "RunError";
  }
}

const killGrace = 5_000;
const children = new Set<ChildProcess>();
let relaying = false;

/** Sends a signal to a child and all of its children: each child leads its own process group. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}

/** Children lead their own process groups, so a Ctrl-C in the terminal does not reach them by itself. */
function relaySignals(): void {
  if (relaying) return;
  relaying = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const relay = (): void => {
      for (const child of children) signalGroup(child, signal);
      // No other listener handles the signal: end like a process without handlers, after the children.
      if (process.listenerCount(signal) === 1 + exitWatchers()) {
        process.removeListener(signal, relay);
        const end = (): void => void process.kill(process.pid, signal);
        if (children.size === 0) end();
        else setTimeout(end, killGrace).unref();
        for (const child of children) child.once("close", () => children.size === 0 && end());
      }
    };
    process.on(signal, relay);
  }
}

function lines(onLine: (line: string) => void): { push(text: string): void; end(): void } {
  let rest = "";
  return {
    push(text) {
      const parts = (rest + text).split(/\r?\n/);
      rest = parts.pop() ?? "";
      for (const part of parts) onLine(part);
    },
    end() {
      if (rest) onLine(rest);
    },
  };
}

/** A command line for messages, not for a shell. */
const shown = (command: string, args: readonly string[]): string => [command, ...args].join(" ");

/**
 * Runs a program (no shell) in its own process group and returns its output, whatever its exit code. Rejects with a
 * {@link RunError} only if it could not be started, timed out or was aborted.
 */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  relaySignals();
  return await new Promise<RunResult>((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? passedOn(process.env),
      detached: true,
      stdio: [
        options.inputFile ?? (options.input === undefined ? "ignore" : "pipe"),
        options.outputFile ?? "pipe",
        "pipe",
      ],
    });
    children.add(child);
    const output = { stdout: "", stderr: "" };
    const most = options.mostOutput ?? Number.POSITIVE_INFINITY;
    let ended: string | undefined;
    const end = (why: string): void => {
      ended ??= why;
      signalGroup(child, "SIGTERM");
      setTimeout(() => signalGroup(child, "SIGKILL"), killGrace).unref();
    };
    const timer = options.timeout
      ? setTimeout(() => end(`took longer than ${(options.timeout ?? 0) / 1000} s`), options.timeout)
      : undefined;
    const abort = (): void => end("was cancelled");
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted) abort();

    for (const stream of ["stdout", "stderr"] as const) {
      const splitter = options.onLine && lines((line) => options.onLine?.(line, stream));
      child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
        if (output.stdout.length + output.stderr.length > most) {
          child[stream]?.removeAllListeners("data").resume();
          return end(`printed more than ${most} characters`);
        }
        splitter?.push(text);
      });
      child[stream]?.on("end", () => splitter?.end());
    }
    child.stdin?.on("error", () => {
      // The child closed its input early; its exit code has the reason.
    });
    child.stdin?.end(options.input);

    const settle = (action: () => void): void => {
      children.delete(child);
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      action();
    };
    child.on("error", (error) =>
      settle(() =>
        reject(new RunError(`\`${command}\` cannot be started: ${error.message}`, { code: 127, ...output })),
      ),
    );
    child.on("close", (code, signal) =>
      settle(() => {
        const result = { code: code ?? 128, ...output };
        if (ended) reject(new RunError(`\`${shown(command, args)}\` ${ended} and was ended`, result));
        else if (signal) reject(new RunError(`\`${shown(command, args)}\` was ended by ${signal}`, result));
        else resolve(result);
      }),
    );
  });
}

/**
 * Like {@link tryRun}, but rejects unless the exit code is 0. The error has the end of the program's own error text.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-15).join("\n");
    throw new RunError(`\`${shown(command, args)}\` ended with code ${result.code}:\n${said}`, result);
  }
  return result;
}
