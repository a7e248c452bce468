import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lock } from "proper-lockfile";

/**
 * Runs an action while nobody else on this machine runs one under the same lock.
 *
 * @param directory where the lock lies; made if missing
 * @param name what is locked, a file name
 * @param onWait called once if somebody else has the lock
 */
export async function withLock<T>(
  directory: string,
  name: string,
  action: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  await mkdir(directory, { recursive: true });
  // The library knows a lock by this path: two in one folder must differ in it. It need not exist.
  const file = join(directory, name);
  const options = {
    lockfilePath: `${file}.lock`,
    realpath: false,
    // A holder touches its lock every 2 s; one that was killed is taken over after 10 s.
    stale: 10_000,
    update: 2_000,
    // After the machine slept, somebody else may have the lock by now. To end this process, which is what the library
    // does otherwise, would leave more behind than to finish.
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
    // It fails only if the lock is not ours any more.
    await release().catch(() => {});
  }
}
