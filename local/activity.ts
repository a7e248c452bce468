import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { dataHome } from "./paths";
import { livesSince } from "./process";
import { packageRoot } from "./root";

/** What a command does with a stack, for the others to see. */
export interface Activity {
  /** Such as `up`. */
  command: string;
  pid: number;
  user: string;
  host: string;
  /** Milliseconds since 1970. */
  since: number;
}

/**
 * Where it is written: in the user's data, which all clones share, and in the clone, which other users may share.
 * Either may not be writable, or not there.
 */
const folders = (): string[] => [join(dataHome(), "activity"), join(packageRoot, ".stacks")];

const fileIn = (folder: string, stack: string): string => join(folder, `${stack}.activity.json`);

const isActivity = (value: unknown): value is Activity => {
  const { command, pid, user, host, since } = (value ?? {}) as Partial<Activity>;
  return (
    [command, user, host].every((each) => typeof each === "string") && [pid, since].every(Number.isFinite)
  );
};

function read(file: string): Activity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isActivity(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of a process of another machine nothing is known: it counts as alive for a day. */
const isAlive = ({ pid, host, since }: Activity): boolean =>
  host === hostname() ? livesSince(pid, since) : Date.now() - since < 24 * 3_600_000;

/** What another process does with a stack now; undefined if nothing is known of any. */
export function activityOn(stack: string): Activity | undefined {
  for (const folder of folders()) {
    const found = read(fileIn(folder, stack));
    if (found && found.pid !== process.pid && isAlive(found)) return found;
  }
  return undefined;
}

const ours = (command: string): Activity => ({
  command,
  pid: process.pid,
  user: userInfo().username,
  host: hostname(),
  since: Date.now(),
});

/** Writes what this process does; false if another one was faster. A folder that cannot be written is left out. */
function claim(stack: string, activity: Activity): boolean {
  for (const folder of folders()) {
    const file = fileIn(folder, stack);
    try {
      mkdirSync(folder, { recursive: true });
      const there = read(file);
      if (existsSync(file) && !(there && there.pid !== process.pid && isAlive(there))) rmSync(file);
      writeFileSync(file, `${JSON.stringify(activity)}\n`, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") continue;
      leave(stack);
      return false;
    }
  }
  return true;
}

function leave(stack: string): void {
  for (const folder of folders()) {
    const file = fileIn(folder, stack);
    if (read(file)?.pid !== process.pid) continue;
    try {
      rmSync(file, { force: true });
    } catch {
      // The folder is not ours: it is seen that this process is gone.
    }
  }
}

/**
 * Runs what works on a stack, and lets others see it meanwhile. That it ends by a kill is seen, too.
 *
 * @param busy called if another process works on the stack: it throws, or returns when that is over
 */
export async function during<T>(
  stack: string,
  command: string,
  busy: (activity: Activity) => Promise<void>,
  action: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const other = activityOn(stack);
    if (other) await busy(other);
    else if (claim(stack, ours(command))) break;
  }
  try {
    return await action();
  } finally {
    leave(stack);
  }
}
