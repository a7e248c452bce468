import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { callOf } from "../../local/called";
import { writeAtomically } from "../../local/files";
import { withLock } from "../../local/lock";
import { textOf } from "../../local/text";
import { chooseExportId, clientsIn, exportIdIn, pseudoPath, renderExport, renderIndex } from "./ganesha-conf";
import { complaints, findGanesha, reload } from "./ganesha-process";
import type { NfsServer } from "./server";

/** The files from which a ganesha on this machine reads its exports. */
export interface GaneshaLocation {
  /** The folder with one file per export, ours and others. */
  exportsDirectory: string;
  /** The file that includes them; ganesha's configuration includes it. */
  exportsIndex: string;
  /** The file with the process id of ganesha. */
  pidFile: string;
}

/** nfs-ganesha on this machine: a file per export, an index of them, and a signal. */
export function ganeshaServer({ exportsDirectory, exportsIndex, pidFile }: GaneshaLocation): NfsServer {
  const fileOf = (name: string): string => join(exportsDirectory, `${name}.conf`);
  const locked = <T>(action: () => Promise<T>): Promise<T> => withLock(exportsDirectory, "exports", action);

  async function files(): Promise<string[]> {
    const names = await readdir(exportsDirectory);
    return names
      .filter((name) => name.endsWith(".conf"))
      .sort()
      .map((name) => join(exportsDirectory, name));
  }

  /** Removes the file from the index first, and then the file: an index with a missing file stops every reload. */
  async function put(file: string, text: string | undefined): Promise<void> {
    if (text !== undefined) await writeAtomically(file, text);
    const others = (await files()).filter((other) => other !== file);
    const all = text === undefined ? others : [...others, file].sort();
    await writeAtomically(exportsIndex, renderIndex(all));
    if (text === undefined) await rm(file, { force: true });
  }

  async function idFor(name: string): Promise<number> {
    const taken = new Set<number>();
    for (const file of await files()) {
      const id = exportIdIn((await textOf(file)) ?? "");
      if (id === undefined) continue;
      if (file === fileOf(name)) return id;
      taken.add(id);
    }
    return chooseExportId(name, taken);
  }

  return {
    publish: (wanted) =>
      locked(async () => {
        await mkdir(exportsDirectory, { recursive: true });
        const ganesha = await findGanesha(pidFile);
        if (!ganesha)
          throw new Error(
            `nfs-ganesha does not run (\`pidFile\` ${pidFile} names no process of it): start it; in the lab, \`${callOf("up")}\` does`,
          );
        const exportId = await idFor(wanted.name);
        const file = fileOf(wanted.name);
        const before = await textOf(file);
        await put(file, renderExport(wanted, exportId));
        const wrong = complaints(await reload(ganesha), file);
        if (wrong.length) {
          // One bad file may end all other exports.
          await put(file, before);
          await reload(ganesha);
          throw new Error(`nfs-ganesha refuses the export of ${wanted.directory}:\n${wrong.join("\n")}`);
        }
        return { path: pseudoPath(wanted.name), exportId };
      }),

    async withdraw(name) {
      const file = fileOf(name);
      // The whole server was removed, with the folder of its exports: make nothing again.
      if (!existsSync(exportsDirectory)) return;
      await locked(async () => {
        await put(file, undefined);
        // A server that does not run serves nothing, and reads the files when it starts.
        const ganesha = await findGanesha(pidFile);
        const wrong = ganesha ? complaints(await reload(ganesha), file) : [];
        if (wrong.length)
          throw new Error(`nfs-ganesha may still serve the export ${name}, as it says:\n${wrong.join("\n")}`);
      });
    },

    async look(expected) {
      const file = fileOf(expected.name);
      const text = await textOf(file);
      const index = (await textOf(exportsIndex)) ?? "";
      if (text === undefined || !index.split("\n").includes(`%include "${file}"`)) return undefined;
      return clientsIn(text, expected, expected.exportId);
    },
  };
}
