import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../local/lock";
import { cacheHome } from "../../local/paths";
import { run } from "../../local/run";
import { onPath } from "../../local/toolchain/path";

/** Where test/agent/monitoring_test.py looks for it, too. */
const folder = (): string => join(cacheHome(), "prometheus");

/**
 * Fetches Debian's Prometheus for its `promtool`, unless there is one. The package is only unpacked: installed, it would start a
 * service.
 *
 * @throws RunError if it cannot be fetched
 */
export async function fetchPromtool(tell: (line: string) => void): Promise<void> {
  const isThere = (): boolean => existsSync(join(folder(), "usr", "bin", "promtool"));
  if (onPath("promtool") || isThere()) return;
  await withLock(folder(), "promtool", async () => {
    if (isThere()) return;
    tell("fetching Debian's prometheus, for promtool");
    const made = mkdtempSync(`${folder()}-`);
    try {
      // apt fetches into the folder that it runs in.
      const options = { cwd: made, timeout: 600_000 };
      await run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"], options);
      await run("sh", ["-c", "dpkg-deb --extract prometheus_*.deb root"], options);
      rmSync(join(folder(), "usr"), { recursive: true, force: true });
      renameSync(join(made, "root", "usr"), join(folder(), "usr"));
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
}
