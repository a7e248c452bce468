import { cacheHome } from "../../local/paths";

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs an action exclusively: no other action with that name runs on this machine meanwhile, in any process.
 *
 * Actions of one process queue up in order; only the first of them waits for other processes.
 *
 * @param onWait called once if another process runs such an action
 */
export async function inTurn<T>(name: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
  const locked = async (): Promise<T> => {
    // Loaded here, since a preview without changes never needs it.
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
 * Starts an action in its turn. The next one may start as soon as the exclusive part of this one is over.
 *
 * @param action gets a function to call at the end of its exclusive part; the end of the action counts, too
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
