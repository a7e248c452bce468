import { link, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { passedOn } from "../local/child-environment";
import { readJson, writeAtomically } from "../local/files";
import { run } from "../local/run";
import type { Box } from "./box";
import type { Layout, Say } from "./layout";
import { refreshPool } from "./libvirt/resources";

/** The name of the volume that vagrant-libvirt looks for before it uploads a box. Disks of machines are based on it. */
export const baseVolume = (box: Pick<Box, "name" | "version">): string =>
  `${box.name.replaceAll("/", "-VAGRANTSLASH-")}_vagrant_box_image_${box.version}_box.img`;

/** Vagrant's folder of an added box. */
const boxFolder = (paths: Layout, box: Pick<Box, "name" | "version">): string =>
  join(paths.vagrant, "boxes", box.name.replaceAll("/", "-VAGRANTSLASH-"), box.version, "libvirt");

/** A catalog that gives the box a version. Without one, Vagrant assumes version 0 and never notices a change. */
export const catalog = (box: Box): string =>
  JSON.stringify({
    name: box.name,
    versions: [
      { version: box.version, providers: [{ name: "libvirt", url: `file://${encodeURI(box.file)}` }] },
    ],
  });

/** Adds the box to Vagrant, unless it is there. */
export async function addBox(paths: Layout, box: Box, say: Say): Promise<void> {
  const known = await readJson<{ name: string; version: string }>(paths.boxRecord);
  if (known?.name === box.name && known.version === box.version) return;
  say("adding the box to Vagrant");
  await mkdir(paths.vagrant, { recursive: true });
  const file = join(paths.vagrant, "catalog.json");
  await writeAtomically(file, catalog(box));
  // A killed `box add` may have left files that block the next one.
  await rm(boxFolder(paths, box), { recursive: true, force: true });
  // It ends with this process even if that is killed: otherwise it would block the next attempt.
  await run("setpriv", ["--pdeathsig", "KILL", "vagrant", "box", "add", "--provider", "libvirt", file], {
    cwd: paths.vagrant,
    env: { ...passedOn(process.env), VAGRANT_HOME: paths.vagrant, VAGRANT_CHECKPOINT_DISABLE: "1" },
    timeout: 300_000,
  });
  await writeAtomically(paths.boxRecord, JSON.stringify({ name: box.name, version: box.version }));
}

/**
 * Puts the box's disk into the storage pool under the name that vagrant-libvirt expects. Otherwise, if two machines
 * start at once, one may get an incomplete disk.
 */
export async function provideBaseVolume(paths: Layout, box: Box): Promise<void> {
  const volume = baseVolume(box);
  if ((await readdir(paths.pool)).includes(volume)) return;
  // Neither file is ever written, so a link is as good as a copy, and complete at once.
  await link(join(boxFolder(paths, box), "box.img"), join(paths.pool, volume));
  await refreshPool(paths);
}
