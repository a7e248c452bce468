import { cacheHome } from "../../local/paths";

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs an action while no other of that name runs on this machine, in this process or another.
 *
 * In one process they queue up in order; only the first of them waits for other processes.
 *
 * @param onWait called once if another process is at it
 */
export async function inTurn<T>(name: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
  const locked = async (): Promise<T> => {
    // Loaded here: a preview without changes never needs it.
    const { withLock } = await import("../../local/lock.js");
    return await withLock(cacheHome(), name, action, onWait);
  };
  const own = (queues.get(name) ?? Promise.resolve()).then(locked);
  queues.set(
    name,
    own.catch(() => {}),
  );
  return await own;
}

/**
 * Starts an action in its turn, and lets the next one start as soon as this one says that its exclusive part is over.
 *
 * @param action gets the function that says so; ending says so too
 */
export async function inTurnUntil<T>(
  name: string,
  action: (shared: () => void) => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  let running: Promise<T> | undefined;
  await inTurn(
    name,
    () =>
      new Promise<void>((resolve) => {
        running = action(resolve);
        running.then(
          () => resolve(),
          () => resolve(),
        );
      }),
    onWait,
  );
  if (!running) throw new Error("a turn that ended without having begun");
  return await running;
}
