import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeAtomically } from "../local/files";
import { withLock } from "../local/lock";
import { labHome, labName } from "../local/paths";
import { findAccelerator } from "./accelerator";
import { type Box, buildBox, plannedBox } from "./box";
import type { LabDescription } from "./description";
import { ganeshaPid, startGanesha } from "./ganesha";
import { buildImage, type Image } from "./image/build";
import {
  type Layout,
  layout,
  managementNetwork,
  privateNetwork,
  registryMirror,
  registryPort,
  type Say,
} from "./layout";
import { libvirtdPid, libvirtUri, startLibvirtd } from "./libvirt/daemon";
import { makeResources } from "./libvirt/resources";
import { makeNamespace, namespaceName, ownInode, within } from "./namespace";
import { recordOwner } from "./owner";
import { preflight } from "./preflight";
import { alive, processesIn } from "./process";
import { pushImage, startRegistry } from "./registry";
import { addBox, provideBaseVolume } from "./vagrant";

/** The lock for starting and stopping a lab. It is outside of the lab's home, which `removeLab` removes. */
export const withLabLock = <T>(action: () => Promise<T>, say: Say): Promise<T> =>
  withLock(dirname(labHome()), labName(), action, () =>
    say("another process works on the lab: waiting for it"),
  );

/** The lab if all of its parts run; else undefined. Starts no process. */
export function runningLab(): LabDescription | undefined {
  const home = labHome();
  const paths = layout(home);
  let lab: LabDescription;
  try {
    lab = JSON.parse(readFileSync(paths.description, "utf8"));
  } catch {
    return undefined;
  }
  const inode = ownInode(home, lab.namespace);
  if (inode === undefined) return undefined;
  const libvirtd = libvirtdPid(paths, inode);
  if (libvirtd === undefined || !hasBridges(libvirtd)) return undefined;
  const registry = alive(join(paths.registry, "registry.pid"), join(paths.registry, "registry.json"), inode);
  return ganeshaPid(paths, inode) !== undefined && registry !== undefined ? lab : undefined;
}

/** Whether the lab's networks are up, in the namespace of a process. */
function hasBridges(pid: number): boolean {
  const devices = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  return [managementNetwork, privateNetwork].every(({ bridge }) =>
    new RegExp(`^\\s*${bridge}:`, "m").test(devices),
  );
}

function describe(paths: Layout, accelerator: "kvm" | "tcg", box: Box, image: Image): LabDescription {
  return {
    name: labName(),
    home: labHome(),
    namespace: namespaceName(labName()),
    accelerator,
    libvirtUri: libvirtUri(paths),
    box: { name: box.name, version: box.version },
    managementNetwork: { name: managementNetwork.name, cidr: managementNetwork.cidr },
    privateNetwork: {
      name: privateNetwork.name,
      cidr: privateNetwork.cidr,
      hostAddress: privateNetwork.hostAddress,
    },
    image: image.reference,
    nfs: {
      address: privateNetwork.hostAddress,
      exportsDirectory: paths.nfs.exportsDirectory,
      exportsIndex: paths.nfs.exportsIndex,
      pidFile: paths.nfs.pidFile,
      dataDirectory: paths.nfs.data,
    },
  };
}

/** Starts those parts of a lab that do not run. */
async function startParts(say: Say): Promise<LabDescription> {
  const home = labHome();
  const paths = layout(home);
  const name = namespaceName(labName());
  await mkdir(home, { recursive: true });
  const accelerator = await findAccelerator(say);
  const inode = await makeNamespace(home, name);
  const namespace = { name, inode, fresh: processesIn(inode).length === 0 };
  const networks = (async () => {
    if (libvirtdPid(paths, inode) === undefined) say("starting libvirt and its networks");
    await startLibvirtd(paths, namespace, accelerator);
    await recordOwner(name, inode, home, libvirtdPid(paths, inode));
    await makeResources(paths);
  })();
  // The NFS server and the registry listen on the private network's address.
  const shared = networks.then(() => startGanesha(paths, namespace, privateNetwork.hostAddress));
  const command = within(name);
  const built = buildImage(say);
  const registry = networks.then(async () => {
    await startRegistry({
      home: paths.registry,
      address: privateNetwork.hostAddress,
      port: registryPort,
      command,
    });
    const { layout, reference } = await built;
    await pushImage({ layout, reference, registry: registryMirror, command });
  });
  const boxed = buildBox(say).then(async (box) => {
    await addBox(paths, box, say);
    await networks;
    await provideBaseVolume(paths, box);
    return box;
  });
  const results = await Promise.allSettled([boxed, built, networks, shared, registry]);
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
  const lab = describe(paths, accelerator, await boxed, await built);
  await writeAtomically(paths.description, `${JSON.stringify(lab, null, 2)}\n`);
  return lab;
}

/**
 * Starts the embedded lab, or its missing parts, and returns its description. Builds box and image unless those of the
 * present recipe exist. If an earlier start was killed, this continues it.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 * @throws if the lab cannot run on this machine; nothing was made then
 */
export async function startLab(say: Say): Promise<LabDescription> {
  const running = await upToDate(say);
  if (running) return running;
  const { built } = await plannedBox();
  await preflight(labName(), labHome(), !built);
  return withLabLock(async () => (await upToDate(say)) ?? startParts(say), say);
}

/** The running lab if its box and image are those that would be built now. */
async function upToDate(say: Say): Promise<LabDescription | undefined> {
  const lab = runningLab();
  if (!lab) return undefined;
  const { box, built } = await plannedBox();
  if (!built || box.version !== lab.box.version || !existsSync(box.file)) return undefined;
  return (await buildImage(say)).reference === lab.image ? lab : undefined;
}
