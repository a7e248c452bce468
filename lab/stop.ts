import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readJson } from "../local/files";
import { artifactsHome, labHome, labName } from "../local/paths";
import { forgetAccelerator } from "./accelerator";
import type { LabDescription } from "./description";
import { type Layout, layout, type Say } from "./layout";
import { namespaceName, ownInode, removeNamespace } from "./namespace";
import { checkLabName } from "./preflight";
import { namespaceOf } from "./process";
import { withLabLock } from "./start";
import { baseVolume } from "./vagrant";

/** Mounts below a folder, and loop devices of files in it. */
export function mountsBelow(folder: string): string[] {
  const found: string[] = [];
  const below = (path: string | undefined): boolean => path?.startsWith(`${folder}/`) ?? false;
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const point = line.split(" ")[1]?.replace(/\\040/g, " ");
    if (below(point)) found.push(`mount ${point}`);
  }
  for (const device of readdirSync("/sys/block").filter((name) => name.startsWith("loop"))) {
    const file = join("/sys/block", device, "loop", "backing_file");
    if (existsSync(file) && below(readFileSync(file, "utf8").trim())) found.push(`/dev/${device}`);
  }
  return found;
}

/** Removes the lab's machines with their disks; the files from which machines are made stay. */
async function deleteMachines(paths: Layout): Promise<void> {
  for (const name of await readdir(paths.libvirt.domains).catch(() => [])) {
    // libvirt's folder networks/ is there, too.
    if (name !== "networks") await rm(join(paths.libvirt.domains, name), { recursive: true, force: true });
  }
  const box = await readJson<{ name: string; version: string }>(paths.boxRecord);
  const kept = box && baseVolume(box);
  for (const volume of await readdir(paths.pool).catch(() => [])) {
    if (volume !== kept) await rm(join(paths.pool, volume), { recursive: true, force: true });
  }
  for (const folder of [paths.libvirt.run, paths.libvirt.lib])
    await rm(folder, { recursive: true, force: true });
}

async function stop(say: Say): Promise<void> {
  const home = labHome();
  const paths = layout(home);
  const namespace = namespaceName(labName());
  const inode = ownInode(home, namespace);
  if (inode !== undefined && namespaceOf("self") === inode) {
    throw new Error("this is a program inside the lab, and would end with it: leave the lab's shell first");
  }
  const lab = await readJson<LabDescription>(paths.description);
  if (lab || inode !== undefined) say("stopping the lab");
  await rm(paths.description, { force: true });
  await removeNamespace(home, namespace);
  await deleteMachines(paths);
  const left = mountsBelow(home);
  if (left.length > 0) throw new Error(`the lab is stopped, but this is left of it: ${left.join(", ")}`);
}

/**
 * Stops the lab of this name: destroys its machines, ends its processes, removes its networks and namespace. Box, image
 * and shared data stay for the next start. If there is no lab, nothing is done.
 *
 * @throws if something is left
 */
export async function stopLab(say: Say): Promise<void> {
  checkLabName(labName());
  if (existsSync(labHome())) await withLabLock(() => stop(say), say);
}

/**
 * Like {@link stopLab}, but also deletes all of the lab's files, and with the last used lab also box and image. Debian
 * packages stay, and libvirt's empty folders in /var.
 */
export async function removeLab(say: Say): Promise<void> {
  await stopLab(say);
  await withLabLock(() => rm(labHome(), { recursive: true, force: true }), say);
  const labs = dirname(labHome());
  const others = await readdir(labs, { withFileTypes: true });
  if (others.some((entry) => entry.isDirectory() && isUsed(join(labs, entry.name)))) return;
  const used = mountsBelow(artifactsHome());
  if (used.length > 0) {
    throw new Error(`the box is being built (${used.join(", ")}): try again when that has ended`);
  }
  await rm(artifactsHome(), { recursive: true, force: true });
  await rm(labs, { recursive: true, force: true });
  await forgetAccelerator();
}

/** Whether a lab runs or has machines; otherwise it is only a cache. */
function isUsed(lab: string): boolean {
  const machines = join(lab, "machines");
  return existsSync(layout(lab).description) || (existsSync(machines) && readdirSync(machines).length > 0);
}
