import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { packageRoot } from "./root";

/*
 * Children that end with this process, in whatever way that ends. A shell of their own watches over them: its input
 * ends with us, also when we are killed. (Linux would do that by itself for a parent's death, but not for programs with
 * file capabilities, which `ping` is.)
 */

let watcher: Writable | undefined;

/** Tells the watching shell, which is started the first time and again if somebody has killed it. */
function tell(line: string): void {
  if (!watcher?.writable) {
    const child = spawn(join(packageRoot, "local", "tied.sh"), {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.on("error", () => {});
    child.unref();
    child.stdin.on("error", () => {});
    // It keeps nobody from ending.
    (child.stdin as Writable & { unref?(): void }).unref?.();
    watcher = child.stdin;
  }
  watcher.write(`${line}\n`);
}

/**
 * Starts a program (no shell) without an end of its own: a probe, a server, a recorder. It leads a process group, which
 * gets SIGKILL when this process is gone. What comes to its end by itself is started with `run`.
 */
export const spawnTied = ((command: string, args: readonly string[], options: SpawnOptions): ChildProcess => {
  const child = spawn(command, args, { ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) return child; // It cannot be started; "error" tells.
  tell(`+ ${pid}`);
  child.once("exit", () => tell(`- ${pid}`));
  return child;
}) as typeof spawn;
