import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { writeAtomically } from "../local/files";
import { withLock } from "../local/lock";
import { artifactsHome } from "../local/paths";
import { packageRoot } from "../local/root";
import { run } from "../local/run";
import { aptSettings, debianRelease, debianSources } from "./debian";
import { registryMirror, type Say } from "./layout";

export interface Box {
  name: string;
  version: string;
  /** The `.box` file, for `vagrant box add`. */
  file: string;
}

const boxName = "ha-rancher-debian";
const sources = (): string => join(packageRoot, "lab", "box");

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Hash of named contents. Two different sets never have the same hash, whatever the names and contents are. */
export function recipeHash(parts: Iterable<[name: string, content: string | Buffer]>): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    for (const piece of part) hash.update(`${Buffer.byteLength(piece)}:`).update(piece);
  }
  return hash.digest("hex").slice(0, 12);
}

/** A version in a form that Vagrant accepts (numbers only); each recipe has its own. */
export const boxVersion = (release: string, hash: string): string =>
  `${release}.0.${Number.parseInt(hash.slice(0, 8), 16)}`;

async function recipe(): Promise<{ box: Box; folder: string; suite: string }> {
  const { suite, version } = debianRelease();
  const files = await filesBelow(sources());
  const contents = await Promise.all(
    files.map(async (file): Promise<[string, Buffer]> => [relative(sources(), file), await readFile(file)]),
  );
  const hash = recipeHash([
    ["suite", suite],
    ["mirror", registryMirror],
    ["architecture", process.arch],
    ...contents,
  ]);
  const folder = join(artifactsHome(), `box-${hash}`);
  return {
    box: { name: boxName, version: boxVersion(version, hash), file: join(folder, "machine.box") },
    folder,
    suite,
  };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The box that {@link buildBox} returns, and whether it is built already. */
export async function plannedBox(): Promise<{ box: Box; built: boolean }> {
  const { box } = await recipe();
  return { box, built: await exists(box.file) };
}

/**
 * Returns the lab's box: Debian of this machine's release with everything that nodes need. It is built unless a box of
 * the same recipe exists. The build needs root, the lab's packages, loop devices, and apt's package sources.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 */
export async function buildBox(say: Say): Promise<Box> {
  const { box, folder, suite } = await recipe();
  if (await exists(box.file)) return box;
  await withLock(
    artifactsHome(),
    "box",
    async () => {
      if (await exists(box.file)) return; // Another process built it meanwhile.
      say("building the box: a Debian system for the machines, about 90 s");
      const building = `${folder}.building`;
      await rm(building, { recursive: true, force: true });
      await writeAtomically(join(building, "sources.list"), await debianSources(suite));
      await writeAtomically(join(building, "apt.conf"), await aptSettings());
      // It runs in its own namespaces, which end with this process even if that is killed: no mount or loop device
      // stays.
      const contained = [
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
      ];
      const build = [join(sources(), "build.sh"), building, suite, registryMirror];
      await run("setpriv", [...contained, ...build], {
        // The script prints its own steps; those of mmdebstrap begin with "I: ".
        onLine: (line, stream) =>
          (stream === "stdout" || /^[IE]: /.test(line)) && say(line.replace(/^I: /, "")),
        timeout: 1_200_000,
      });
      await rename(building, folder);
    },
    () => say("another process builds the box: waiting for it"),
  );
  return box;
}
