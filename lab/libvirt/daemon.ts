import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeIfChanged } from "../../local/files";
import { packageRoot } from "../../local/root";
import type { Layout } from "../layout";
import { runIn } from "../namespace";
import { alive, end } from "../process";

/** Lines `key = value`, with strings and lists of strings quoted for libvirt's parser. */
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

/** Runs QEMU as root, without confinement, which would need users, cgroups and security modules on this machine. */
const qemuSettings = {
  user: "root",
  group: "root",
  dynamic_ownership: 0,
  remember_owner: 0,
  security_driver: "none",
  cgroup_controllers: [],
  namespaces: [],
  // Otherwise QEMU's output would need another daemon, virtlogd.
  stdio_handler: "file",
};

/** The URI for clients outside of the daemon's mount namespace. */
export const libvirtUri = (paths: Layout): string => `qemu:///system?socket=${paths.libvirt.socket}`;

/** The process id of the lab's libvirtd; undefined if it does not run. */
export const libvirtdPid = (paths: Layout, inode: number): number | undefined =>
  alive(paths.libvirt.pidFile, paths.libvirt.configuration, inode);

/**
 * Starts the lab's libvirtd, or restarts it if its configuration has changed; machines keep running. Returns when it
 * accepts connections.
 *
 * @param fresh whether nothing runs in the namespace yet: an earlier libvirtd's records of running machines are then
 *   wrong
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
