import { createHash } from "node:crypto";
import { type ArchivedFile, ustar } from "./ustar";

/*
 * What runs on nodes travels in sets: all files of one version in a folder named by the hash of its content, and a link
 * that is switched to it at once (node/host/set).
 */

/** Where sets are on a node: `sets/HASH` below it, and the links. */
export const setRoot = "/usr/local/lib/ha-rancher";

/** A set's name is its link's. `current` is on every node, `drill` only while it is drilled. */
export const setNames = ["current", "drill"] as const;

export type SetName = (typeof setNames)[number];

/** What others read is no program. */
const modeOf = (name: string): string => (/\.(bash|py)$/.test(name) ? "0644" : "0755");

/**
 * Programs that are sent to where no set is: they look at a host, claim it and give it back, which is before and after
 * all files of ours, or in a preview; they put a set there; and they write files for a `Files` resource, which needs no set.
 */
export const bareScripts = [
  "host/look",
  "host/claim",
  "host/release",
  "host/set",
  "host/files.sh",
  "host/history",
  "host/logs",
  "release/kept",
  "agent/upgrade_looks.py",
] as const;

export type BareScript = (typeof bareScripts)[number];

/** Programs, and what they read: no unit, and nothing that an editor or Python leaves beside them. */
const named = /^([a-z]+\/)+\w[\w-]*(\.(bash|py))?$/;

/**
 * The set of a file of node/, by its path there; undefined: of none. Whatever lies there is in one, but for what is named otherwise,
 * which components write to where systemd looks, and for programs that run where no set is. Of these `host/set` has work to
 * do on nodes that have one.
 */
export function setOf(path: string): SetName | undefined {
  if (!named.test(path) || (bareScripts.some((each) => each === path) && path !== "host/set"))
    return undefined;
  return path.startsWith("drill/") ? "drill" : "current";
}

/** The files of a set, of those of node/: their paths there, which are those in the set, and their modes; in one order anywhere. */
export const filesOfSet = (name: SetName, paths: readonly string[]): { path: string; mode: string }[] =>
  paths
    .filter((path) => setOf(path) === name)
    .sort()
    .map((path) => ({ path, mode: modeOf(path) }));

const sha = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** A set, ready to travel. */
export interface PackedSet {
  /** The first 16 digits of the archive's SHA-256; the name of its folder. */
  hash: string;
  /** A tar file; all of it is UTF-8. */
  archive: string;
}

/** Packs files, with the two lists that tell whether they are whole (node/host/set). */
export function packSet(files: readonly ArchivedFile[]): PackedSet {
  const sums = files.map(({ path, content }) => `${sha(content)}  ${path}\n`);
  const modes = files.map(({ path, mode }) => `${mode.replace(/^0+/, "")} ./${path}\n`);
  const archive = ustar([
    ...files,
    { path: ".sums", mode: "0644", content: sums.join("") },
    { path: ".modes", mode: "0644", content: modes.sort().join("") },
  ]);
  return { hash: sha(archive).slice(0, 16), archive: archive.toString() };
}

/** A program's path in whatever set a link names. */
export const linkedProgram = (path: string, name: SetName = "current"): string =>
  `${setRoot}/${name}/${path}`;
