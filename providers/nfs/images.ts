import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { sharedDirectoryOf } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { programFile } from "./program-file";
import type { NfsServer } from "./server";

/*
 * Exports that are a file system of their own: an image that node/export makes, mounts and exports. It needs root, and a user
 * may run it through sudo, from a folder that is root's.
 */

/** Where the helper mounts the image of an export. */
export const imagePoint = (name: string): string => `/srv/ha-rancher-exports/${name}`;

/**
 * What this machine's kernel serves for a stack: a directory that is named, or an image of the stack's own. A stack made before
 * there were images keeps its directory until its data is moved, and the directory is gone from its place.
 */
export function ofKernel(
  { sharedDirectory, sharedSize }: { sharedDirectory?: string | undefined; sharedSize: number },
  stack: string,
  exists: (path: string) => boolean = existsSync,
): { directory: string; server: { kind: "kernel" } | { kind: "image"; gibibytes: number } } {
  const directory = sharedDirectory ?? sharedDirectoryOf(stack);
  if (sharedDirectory !== undefined || exists(directory)) return { directory, server: { kind: "kernel" } };
  // Its place follows from the export's name.
  return { directory: "", server: { kind: "image", gibibytes: sharedSize } };
}

/** Where root installs the helper for users. */
const installed = "/usr/local/lib/ha-rancher-export/export";

const ours = join(packageRoot, "node/export");

const programs = ["__init__.py", "command.py", "exports.py", "files.py", "image.py", "moving.py", "helper"];

/** Milliseconds: an image's room is taken at once, which some file systems do by writing all of it. */
const limit = 600_000;

/** The helper that root runs: of this package, or the installed one. */
export const helperFile = (isRoot: boolean): string => join(isRoot ? ours : installed, "helper");

/** Commands that install the helper, and the line of sudoers(5) that lets a user run it. */
export function helperHint(user: string): string {
  return [
    `sudo install -d ${installed} && sudo install -m 0644 ${join(ours, "*.py")} ${installed} && sudo install ${join(ours, "helper")} ${installed}`,
    "sudo visudo -f /etc/sudoers.d/ha-rancher-export, and this line; who has it can make, export and remove such images, with all that is in them, and can fill /var/lib, but reaches nothing else:",
    `${user} ALL=(root) NOPASSWD: ${helperFile(false)}`,
  ].join("\n");
}

/** Whether root has installed the helper of this version; by how a file's text is read. */
export const helperInstalled = (text: (path: string) => string | undefined): boolean =>
  programs.every((name) => text(join(installed, name)) === readFileSync(join(ours, name), "utf8"));

/** What a user asks sudo whether it is allowed. */
export const helperWords = [helperFile(false), "look", "ha-rancher-x"];

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

/** What `look` of the helper says. */
interface Seen {
  image: boolean;
  mounted: boolean;
  clients: string[];
}

export interface ImageArgs {
  /** Of the image; it grows while it is used, and never shrinks. */
  gibibytes: number;
  /** The first line of the file in the data that tells it from any other. */
  sentinel: string;
}

/** @param isRoot whether the helper of this package runs as it is */
export function imageServer(
  { gibibytes, sentinel }: ImageArgs,
  isRoot = process.getuid?.() === 0,
): NfsServer & { remove(name: string): Promise<void> } {
  async function help(...words: string[]): Promise<RunResult> {
    const hint = `Making a file system for an export needs root's rights. Either run this as root, or:\n${helperHint(userInfo().username)}`;
    if (!isRoot && !helperInstalled(textOf))
      throw new Error(`${installed} is not there, or of another version. ${hint}`);
    const [command = "", ...args] = isRoot
      ? [helperFile(true), ...words]
      : [programFile("sudo", hint), "-n", helperFile(false), ...words];
    const result = await tryRun(command, args, { timeout: limit });
    if (!isRoot && result.code !== 0 && /^sudo: /m.test(result.stderr))
      throw new Error(`${result.stderr.trim()}\n${hint}`);
    return result;
  }

  async function must(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await help(...words);
    if (code !== 0) throw new Error(stderr.trim() || `the helper for exports ended with code ${code}`);
    return stdout;
  }

  return {
    async publish({ name, clients }) {
      await must("make", name, String(gibibytes), sentinel);
      await must("publish", name, ...clients);
      return { path: imagePoint(name), exportId: 0 };
    },
    async withdraw(name) {
      await must("withdraw", name);
    },
    async look({ name }) {
      const seen = JSON.parse(await must("look", name)) as Seen;
      return seen.image ? seen.clients : undefined;
    },
    async remove(name) {
      await must("remove", name);
    },
  };
}
