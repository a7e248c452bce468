import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder in memory: fsync on a busy disk takes seconds. `npm test` names the place, and looks for what is left there. */
export const memoryFolder = (name: string): string =>
  mkdtempSync(
    join(process.env.HA_RANCHER_TEST_MEMORY ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir()), `${name}-`),
  );
