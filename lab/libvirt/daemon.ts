import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeIfChanged } from "../../local/files";
import { packageRoot } from "../../local/root";
import type { Layout } from "../layout";
import { runIn } from "../namespace";
import { alive, end } from "../process";

/** One `key = value` a line; strings and lists of strings quoted as libvirt's parser wants it. */
export function libvirtConfiguration(settings: Record<string, string | number | string[]>): string {
  const quoted = (text: string): string => {
    if (/["\n]/.test(text))
      throw new Error(`libvirt's configuration cannot hold ${JSON.stringify(text)}: it has no escapes`);
    return `"${text}"`;
  };
  const value = (setting: string | number | string[]): string => {
    if (typeof setting === "number") return String(setting);
    return Array.isArray(setting) ? `[${setting.map(quoted).join(", ")}]` : quoted(setting);
  };
  return Object.entries(settings)
    .map(([key, setting]) => `${key} = ${value(setting)}\n`)
    .join("");
}

const daemonSettings = {
  unix_sock_group: "root",
  unix_sock_rw_perms: "0700",
  unix_sock_ro_perms: "0700",
  auth_unix_ro: "none",
  auth_unix_rw: "none",
};

/** QEMU as root without the confinement that needs more of the machine (users, cgroups, security modules). */
const qemuSettings = {
  user: "root",
  group: "root",
  dynamic_ownership: 0,
  remember_owner: 0,
  security_driver: "none",
  cgroup_controllers: [],
  namespaces: [],
  // Else QEMU's output would go through a daemon of its own, virtlogd.
  stdio_handler: "file",
};

/** How clients outside of the daemon's mount namespace reach it. */
export const libvirtUri = (paths: Layout): string => `qemu:///system?socket=${paths.libvirt.socket}`;

/** The process id of the lab's libvirtd, or undefined if it does not run. */
export const libvirtdPid = (paths: Layout, inode: number): number | undefined =>
  alive(paths.libvirt.pidFile, paths.libvirt.configuration, inode);

/**
 * Starts the lab's libvirtd, or starts it anew if its configuration has changed: machines outlive that.
 * Returns when it takes connections.
 *
 * @param fresh whether nothing runs in the namespace yet: what an earlier libvirtd noted of running things is wrong
 */
export async function startLibvirtd(
  paths: Layout,
  namespace: { name: string; inode: number; fresh: boolean },
  accelerator: "kvm" | "tcg",
): Promise<void> {
  if (namespace.fresh) await rm(paths.libvirt.run, { recursive: true, force: true });
  await mkdir(paths.libvirt.etc, { recursive: true });
  await mkdir(paths.libvirt.run, { recursive: true });
  const changed = [
    await writeIfChanged(paths.libvirt.configuration, libvirtConfiguration(daemonSettings)),
    await writeIfChanged(paths.libvirt.qemuConfiguration, libvirtConfiguration(qemuSettings)),
  ].some(Boolean);

  const pid = libvirtdPid(paths, namespace.inode);
  if (pid !== undefined) {
    if (!changed) return;
    await end(pid, () => libvirtdPid(paths, namespace.inode) !== undefined);
  }
  await runIn(
    namespace.name,
    [join(packageRoot, "lab", "libvirt", "start.sh"), paths.libvirt.home, accelerator],
    { timeout: 60_000 },
  );
}
