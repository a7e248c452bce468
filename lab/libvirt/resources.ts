import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../local/files";
import { run } from "../../local/run";
import { type Layout, managementNetwork, privateNetwork } from "../layout";
import { libvirtUri } from "./daemon";
import { type Network, networkXml, poolXml } from "./networks";

/** vagrant-libvirt's default. */
const poolName = "default";

const names = (output: string): Set<string> =>
  new Set(
    output
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  );

/** Calls virsh with the lab's connection. */
const virsh = (paths: Layout, args: string[]) =>
  run("virsh", ["--quiet", "--connect", libvirtUri(paths), ...args], { timeout: 60_000 });

async function makeNetwork(paths: Layout, network: Network, active: Set<string>): Promise<void> {
  if (active.has(network.name)) return;
  const file = join(paths.libvirt.home, `network-${network.name}.xml`);
  await writeAtomically(file, networkXml(network));
  await virsh(paths, ["net-define", file]);
  await virsh(paths, ["net-start", network.name]);
}

/**
 * Makes the networks and the storage pool before Vagrant makes a machine. Parallel runs of `vagrant up` would race to
 * make them, and remove each other's.
 */
export async function makeResources(paths: Layout): Promise<void> {
  await mkdir(paths.pool, { recursive: true });
  const networks = names((await virsh(paths, ["net-list", "--name"])).stdout);
  // One after the other: at each start of a network, libvirt searches for a free number in the firewall's rules.
  for (const network of [managementNetwork, privateNetwork]) await makeNetwork(paths, network, networks);

  const pools = names((await virsh(paths, ["pool-list", "--name"])).stdout);
  if (!pools.has(poolName)) {
    const file = join(paths.libvirt.home, "pool.xml");
    await writeAtomically(file, poolXml(poolName, paths.pool));
    await virsh(paths, ["pool-define", file]);
    await virsh(paths, ["pool-start", poolName]);
  }
}

/** Makes libvirt read the pool's files again. */
export const refreshPool = (paths: Layout) => virsh(paths, ["pool-refresh", poolName]);
