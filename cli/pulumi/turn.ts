import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Activity, activityOn, during } from "../../local/activity";
import { Failure } from "../../local/errors";
import { type Lock, locksOn, removeDeadLocks } from "../../local/pulumi/locks";
import type { Backend } from "../../local/toolchain/environment";
import { backendOf } from "./surroundings";

/** Milliseconds between two checks whether another run has ended. */
const pause = 500;

/** `2026-11-29 18:06:38`, by this machine's clock. */
const shownTime = (time: Date): string => {
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
};

/** Who works on a stack: a command of this program, or Pulumi itself. */
interface Worker {
  /** A phrase that names it. */
  words: string;
  /** Its process, if it is one of this machine. */
  pid: number | undefined;
}

const workerOfLock = ({ pid, hostname: host, since, process: where }: Lock): Worker => ({
  words: `\`pulumi\` of process ${pid}${where === "elsewhere" ? ` on ${host}` : ""}, since ${shownTime(since)}, still runs`,
  pid: where === "lives" ? pid : undefined,
});

const workerOfActivity = ({ command, user, pid, host, since }: Activity): Worker => ({
  words: `\`${command}\` of ${user} (process ${pid}${host === hostname() ? "" : ` on ${host}`}), since ${shownTime(new Date(since))}, still runs`,
  pid: host === hostname() ? pid : undefined,
});

/** Who works on a stack now. A command comes before the Pulumi that it runs. */
function workerOn(backend: Backend, stack: string): Worker | undefined {
  const activity = activityOn(stack);
  if (activity) return workerOfActivity(activity);
  const lock = locksOn(backend, stack).find((each) => each.process !== "gone");
  return lock && workerOfLock(lock);
}

/** A sentence about who works on a stack now; undefined if nobody does. For commands that only look. */
export function whoWorks(stack: string, backend = backendOf(false)): string | undefined {
  const worker = workerOn(backend, stack);
  return worker && `${worker.words} on the stack ${stack}`;
}

/** How a command behaves while another one works on its stack. */
export interface Turn {
  /** Whether to wait, instead of refusing. */
  wait?: boolean | undefined;
  /** The command that waits, for the message. */
  again: string;
  say: (line: string) => void;
}

/**
 * Returns when nobody else works on a stack: no command of this program, and no run of Pulumi, which only a local
 * backend shows. A run continues when the command that started it is killed. Locks of killed runs are removed.
 *
 * @throws Failure that says who it is, unless `wait`
 */
export async function awaitTurn(
  backend: Backend,
  stack: string,
  { wait = false, again, say }: Turn,
): Promise<void> {
  const clean = (): void => {
    if (removeDeadLocks(backend, stack) > 0) say("Removed the lock of a Pulumi process that was killed");
  };
  clean();
  const found = workerOn(backend, stack);
  if (!found) return;
  if (!wait) {
    const end = found.pid === undefined ? "" : `; \`kill -INT ${found.pid}\` ends it in order`;
    throw new Failure(`${found.words} on the stack \`${stack}\`. \`${again}\` waits for it${end}`);
  }
  say(`${found.words} on the stack ${stack}: waiting for it`);
  while (workerOn(backend, stack)) await sleep(pause);
  clean();
}

/**
 * Runs what works on a stack, when nobody else does; meanwhile others see it.
 *
 * @param command its name
 */
export const working = <T>(
  backend: Backend,
  stack: string,
  command: string,
  turn: Turn,
  action: () => Promise<T>,
): Promise<T> => {
  const mine = (): Promise<void> => awaitTurn(backend, stack, turn);
  return mine().then(() => during(stack, command, mine, action));
};
