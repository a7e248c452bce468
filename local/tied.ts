import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { passedOn } from "./child-environment";
import { packageRoot } from "./root";

/*
 * Children that end with this process, however it ends. A shell watches over them: its input ends with this process,
 * even if that is killed. (Linux can signal the death of a parent, but not to programs with file capabilities, such as
 * `ping`.)
 */

let watcher: Writable | undefined;

/** Writes a line to the watching shell. The first call starts the shell; it is started again if it was killed. */
function tell(line: string): void {
  if (!watcher?.writable) {
    const child = spawn(join(packageRoot, "local", "tied.sh"), {
      detached: true,
      env: passedOn(process.env),
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.on("error", () => {});
    child.unref();
    child.stdin.on("error", () => {});
    // It does not keep this process alive.
    (child.stdin as Writable & { unref?(): void }).unref?.();
    watcher = child.stdin;
  }
  watcher.write(`${line}\n`);
}

/**
 * Starts a program (no shell) that does not end by itself: a probe, a server, a recorder. It leads a process group,
 * which gets SIGKILL when this process is gone. Programs that end by themselves are started with `run`.
 */
export const spawnTied = ((command: string, args: readonly string[], options: SpawnOptions): ChildProcess => {
  const child = spawn(command, args, { env: passedOn(process.env), ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) return child; // It could not be started; the event "error" has the reason.
  tell(`+ ${pid}`);
  child.once("exit", () => tell(`- ${pid}`));
  return child;
}) as typeof spawn;
