import { createHash } from "node:crypto";
import type { Definition } from "./server";

/** Quotes a word for exports(5): writes all but harmless characters as octal numbers of their bytes. */
export function quoteForExports(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[\w/.-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
    })
    .join("");
}

/** The inverse of {@link quoteForExports}. */
export function unquoteExports(word: string): string {
  const bytes = Buffer.from(word).toString("latin1");
  const decoded = bytes.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(decoded, "latin1").toString();
}

/** An export's identity for NFS clients: the same whatever disk the directory is on, and after a reboot. */
export function fileSystemId(name: string): string {
  const hex = createHash("sha256").update(`ha-rancher ${name}`).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/**
 * One line per client. `sync`, since an acknowledged write must survive a crash of the server; `no_root_squash`, since
 * services run as root and change owners.
 */
export function renderExportsFile({ name, directory, clients }: Definition): string {
  const options = `rw,sync,no_subtree_check,no_root_squash,fsid=${fileSystemId(name)},sec=sys`;
  return [
    "# Made by ha-rancher; changes are overwritten.",
    ...clients.map((client) => `${quoteForExports(directory)} ${client}(${options})`),
    "",
  ].join("\n");
}

/** The clients in a file that {@link renderExportsFile} made; none if it was changed beyond that. */
export function clientsInExportsFile(text: string, expected: Definition): string[] {
  const clients = [...text.matchAll(/^[^#\s]\S* ([\d.]+)\(/gm)].map(([, client]) => client ?? "");
  return renderExportsFile({ ...expected, clients }) === text ? clients : [];
}

/** The clients that a directory is exported to, in the output of `exportfs -s`. */
export function clientsListed(output: string, directory: string): string[] {
  return [...output.matchAll(/^("?)(\/.*?)\1\s+([^\s()]+)\([^()]*\)\s*$/gm)]
    .filter(([, , path]) => unquoteExports(path ?? "") === directory)
    .map(([, , , client]) => client ?? "");
}
