import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../local/errors";
import { type Lock, locksOn, removeDeadLocks } from "../../local/pulumi/locks";
import type { Backend } from "../../local/toolchain/environment";

/** Milliseconds between two checks whether another run has ended. */
const pause = 500;

/** `2026-11-29 18:06:38`, by this machine's clock. */
const shownTime = (time: Date): string => {
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
};

/** A phrase that names the run of Pulumi that works on a stack. */
function shownRun({ pid, hostname, since, process: where }: Lock): string {
  const place = where === "elsewhere" ? ` on ${hostname}` : "";
  return `\`pulumi\` of process ${pid}${place}, since ${shownTime(since)}, still runs`;
}

const running = (backend: Backend, stack: string): Lock | undefined =>
  locksOn(backend, stack).find((lock) => lock.process !== "gone");

/**
 * Returns when no other run of Pulumi works on a stack; only a local backend shows this. A run continues when the
 * command that started it is killed. Locks of killed runs are removed.
 *
 * @param again the command that waits, for the message
 * @throws Failure that says which run it is, unless `wait`
 */
export async function awaitTurn(
  backend: Backend,
  stack: string,
  { wait = false, again, say }: { wait?: boolean | undefined; again: string; say: (line: string) => void },
): Promise<void> {
  if (removeDeadLocks(backend, stack) > 0) say("Removed the lock of a Pulumi process that was killed");
  const found = running(backend, stack);
  if (!found) return;
  if (!wait) {
    const end = found.process === "lives" ? `; \`kill -INT ${found.pid}\` ends it in order` : "";
    throw new Failure(`${shownRun(found)} on the stack \`${stack}\`. \`${again}\` waits for it${end}`);
  }
  say(`${shownRun(found)} on the stack ${stack}: waiting for it`);
  while (running(backend, stack)) await sleep(pause);
  if (removeDeadLocks(backend, stack) > 0) say("Removed the lock of a Pulumi process that was killed");
}
