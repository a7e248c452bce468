import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
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

/** A Debian system that {@link buildSystem} makes a disk with. */
export interface Variant {
  /** What makes it: packages.txt, root/, customize.sh (lab/box/build.sh). */
  folder: string;
  /** Of its disk. */
  gibibytes: number;
  /** A box for vagrant-libvirt, or a qcow2 disk alone. */
  form: "box" | "disk";
}

const boxName = "ha-rancher-debian";
const sources = (): string => join(packageRoot, "lab", "box");

/** The lab's own box. */
const own = (): Variant => ({ folder: join(sources(), "own"), gibibytes: 10, form: "box" });

async function filesBelow(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { recursive, withFileTypes: true });
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

interface Recipe {
  hash: string;
  suite: string;
  /** The release, such as `12`. */
  version: string;
  /** The folder of what is built from it. */
  folder: string;
  /** What is built. */
  file: string;
}

async function recipe({ folder: from, gibibytes, form }: Variant): Promise<Recipe> {
  const { suite, version } = debianRelease();
  const files = [...(await filesBelow(sources(), false)), ...(await filesBelow(from, true))];
  const contents = await Promise.all(
    files.map(async (file): Promise<[string, Buffer]> => {
      const base = dirname(file) === sources() ? sources() : from;
      return [relative(base, file), await readFile(file)];
    }),
  );
  const hash = recipeHash([
    ["suite", suite],
    ["mirror", registryMirror],
    ["architecture", process.arch],
    ["disk", `${form} ${gibibytes}`],
    ...contents,
  ]);
  const folder = join(artifactsHome(), `box-${hash}`);
  const file = join(folder, form === "box" ? "machine.box" : "disk.qcow2");
  return { hash, suite, version, folder, file };
}

const boxOf = ({ version, hash, file }: Recipe): Box => ({
  name: boxName,
  version: boxVersion(version, hash),
  file,
});

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The box that {@link buildBox} returns, and whether it is built already. */
export async function plannedBox(): Promise<{ box: Box; built: boolean }> {
  const box = boxOf(await recipe(own()));
  return { box, built: await exists(box.file) };
}

/**
 * Returns the lab's box: Debian of this machine's release with everything that nodes need. It is built unless a box of
 * the same recipe exists. The build needs root, the lab's packages, loop devices, and apt's package sources.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 */
export async function buildBox(say: Say): Promise<Box> {
  const made = await recipe(own());
  await build(own(), made, say);
  return boxOf(made);
}

/** Returns the file with the disk or the box of another system, which is built as the lab's own box is. */
export async function buildSystem(variant: Variant, say: Say): Promise<string> {
  const made = await recipe(variant);
  await build(variant, made, say);
  return made.file;
}

async function build(variant: Variant, { folder, file, suite }: Recipe, say: Say): Promise<void> {
  if (await exists(file)) return;
  await withLock(
    artifactsHome(),
    "box",
    async () => {
      if (await exists(file)) return; // Another process built it meanwhile.
      say("building the box: a Debian system for the machines, about 90 s");
      const building = `${folder}.building`;
      await rm(building, { recursive: true, force: true });
      await writeAtomically(join(building, "sources.list"), await debianSources(suite));
      await writeAtomically(join(building, "apt.conf"), await aptSettings());
      const { folder: from, gibibytes, form } = variant;
      const script = [join(sources(), "build.sh"), building, from, suite, String(gibibytes), form];
      await run("setpriv", [...contained, ...script, registryMirror], {
        // The script prints its own steps; those of mmdebstrap begin with "I: ".
        onLine: (line, stream) =>
          (stream === "stdout" || /^[IE]: /.test(line)) && say(line.replace(/^I: /, "")),
        timeout: 1_200_000,
      });
      await rename(building, folder);
    },
    () => say("another process builds the box: waiting for it"),
  );
}

/**
 * The build runs in its own namespaces, which end with this process even if that is killed: no mount or loop device
 * stays.
 */
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
