import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lock } from "proper-lockfile";

/**
 * Runs an action under a lock of this machine: no other action runs under the same lock meanwhile.
 *
 * @param directory the folder of the lock; made if missing
 * @param name what is locked, a file name
 * @param onWait called once if another process has the lock
 */
export async function withLock<T>(
  directory: string,
  name: string,
  action: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  await mkdir(directory, { recursive: true });
  // The library identifies a lock by this path, so two locks need two paths. The file need not exist.
  const file = join(directory, name);
  const options = {
    lockfilePath: `${file}.lock`,
    realpath: false,
    // A process touches its lock every 2 s. After 10 s without that, another process takes the lock over.
    stale: 10_000,
    update: 2_000,
    // After the machine has slept, another process may have the lock. By default the library would end this process,
    // which // would leave more behind than to finish.
    onCompromised: () => {},
  };
  let release: () => Promise<void>;
  try {
    release = await lock(file, options);
  } catch {
    onWait?.();
    release = await lock(file, {
      ...options,
      retries: { forever: true, factor: 1, minTimeout: 500, maxTimeout: 500 },
    });
  }
  try {
    return await action();
  } finally {
    // This fails only if the lock is no longer ours.
    await release().catch(() => {});
  }
}
