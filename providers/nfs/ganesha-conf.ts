import { createHash } from "node:crypto";
import type { Definition } from "./server";

/*
 * ganesha's configuration language, by its parser (src/config_parsing/conf_lex.l of nfs-ganesha): in a string in double
 * quotes a backslash makes the next character literal.
 */

/** @throws if the text has a control character: none of our paths has one, and a newline would end the string */
export function quoteForGanesha(text: string): string {
  if (/\p{Cc}/u.test(text))
    throw new Error(`ganesha cannot be given ${JSON.stringify(text)}: remove the control character`);
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** Paths that `%include` accepts: the parser knows no others, whether quoted or not. */
export const includablePath = /^(\/[\w.-]+)+$/;

/** What NFSv4 clients mount. */
export const pseudoPath = (name: string): string => `/${name}`;

/**
 * An export for its clients alone. Root stays root, since services run as root and change owners. Nothing is cached for
 * long, since this machine may read the files, too.
 */
export function renderExport({ name, directory, clients }: Definition, exportId: number): string {
  return `# Made by ha-rancher; changes are overwritten.
EXPORT {
  Export_Id = ${exportId};
  Path = ${quoteForGanesha(directory)};
  Pseudo = ${quoteForGanesha(pseudoPath(name))};
  Protocols = 4;
  Transports = TCP;
  SecType = sys;
  Squash = no_root_squash;
  Access_Type = None;
  Attr_Expiration_Time = 0;
  CLIENT {
    Clients = ${clients.join(", ")};
    Protocols = 4;
    Access_Type = RW;
    Squash = no_root_squash;
  }
  FSAL { Name = VFS; }
}
`;
}

/** The export id in a file of exports, or undefined. */
export function exportIdIn(text: string): number | undefined {
  const id = /^\s*Export_Id\s*=\s*(\d+)\s*;/im.exec(text)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** The clients in a file that {@link renderExport} made; none if it was changed beyond that. */
export function clientsIn(text: string, expected: Definition, exportId: number): string[] {
  const listed = /^ {4}Clients = (.*);$/m.exec(text)?.[1]?.split(", ") ?? [];
  return renderExport({ ...expected, clients: listed }, exportId) === text ? listed : [];
}

/** Includes files. All of them must exist: otherwise ganesha aborts the whole reload. */
export function renderIndex(files: string[]): string {
  return [
    "# Made by ha-rancher from the files beside it; changes are overwritten.",
    ...files.map((file) => `%include "${file}"`),
    "",
  ].join("\n");
}

/** A free id from 1 to 65535 that is derived from the name. Two names may have the same hash. */
export function chooseExportId(name: string, taken: ReadonlySet<number>): number {
  const ids = 65_535;
  const first = createHash("sha256").update(name).digest().readUInt32BE(0) % ids;
  for (let i = 0; i < ids; i++) {
    const id = ((first + i) % ids) + 1;
    if (!taken.has(id)) return id;
  }
  throw new Error("the NFS server has no export id left: all 65535 are taken");
}
