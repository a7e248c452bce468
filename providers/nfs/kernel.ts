import { userInfo } from "node:os";
import { join } from "node:path";
import { type RunResult, tryRun } from "../../local/run";
import { textOf } from "../../local/text";
import { clientsInExportsFile, clientsListed, renderExportsFile } from "./kernel-exports";
import { programFile } from "./program-file";
import type { NfsServer } from "./server";

const limit = 60_000;

type Commands = Record<"folder" | "write" | "remove" | "apply" | "list", string[]>;

const defaultFolder = "/etc/exports.d";

const fileOf = (folder: string, name: string): string => join(folder, `${name}.exports`);

function commandsFor(name: string, folder: string): Commands {
  const exportfs = programFile("exportfs", "install the kernel's NFS server (Debian: nfs-kernel-server)");
  const coreutils = "install coreutils";
  return {
    folder: [programFile("mkdir", coreutils), "-p", folder],
    write: [programFile("tee", coreutils), fileOf(folder, name)],
    remove: [programFile("rm", coreutils), "-f", fileOf(folder, name)],
    apply: [exportfs, "-ra"],
    list: [exportfs, "-s"],
  };
}

/** The commands that an export needs as root, each with the line of sudoers(5) that lets a user do it. */
export const sudoersLines = (
  name: string,
  user: string,
  folder = defaultFolder,
): { words: string[]; line: string }[] =>
  Object.values(commandsFor(name, folder)).map((words) => ({
    words,
    line: `${user} ALL=(root) NOPASSWD: ${words.join(" ")}`,
  }));

/**
 * The NFS server of this machine's Linux kernel. Each export has its own file in /etc/exports.d, so that no other
 * export is touched. A user who is not root needs sudo for five exact commands.
 */
export function kernelServer(folder = defaultFolder, isRoot = process.getuid?.() === 0): NfsServer {
  const commands = (name: string): Commands => commandsFor(name, folder);

  /** The lines for sudoers that allow this user exactly the commands for this export. */
  function sudoersHint(name: string): string {
    const lines = sudoersLines(name, userInfo().username, folder).map(({ line }) => line);
    return `Exporting a directory needs root's rights. Either run this as root, or put these lines into /etc/sudoers.d/ha-rancher (with \`sudo visudo -f /etc/sudoers.d/ha-rancher\`); whoever may export any directory is as good as root, so give them to nobody else:\n${lines.join("\n")}`;
  }

  async function asRoot(name: string, words: string[], input?: string): Promise<RunResult> {
    const [command = "", ...args] = isRoot ? words : [programFile("sudo", sudoersHint(name)), "-n", ...words];
    const result = await tryRun(command, args, { input, timeout: limit });
    if (!isRoot && result.code !== 0 && /^sudo: /m.test(result.stderr))
      throw new Error(`${result.stderr.trim()}\n${sudoersHint(name)}`);
    return result;
  }

  async function change(name: string, words: string[], input?: string): Promise<void> {
    const { code, stderr } = await asRoot(name, words, input);
    if (code !== 0) throw new Error(`\`${words.join(" ")}\` failed: ${stderr.trim()}`);
  }

  /**
   * Makes the kernel read the files, and returns the clients of a directory after that. exportfs may report errors in
   * other exports, so the result counts, not its exit code.
   */
  async function apply(name: string, directory: string): Promise<{ clients: string[]; said: string }> {
    const { apply: take, list } = commands(name);
    const { stderr } = await asRoot(name, take);
    const listed = await asRoot(name, list);
    if (listed.code !== 0) throw new Error(`\`${list.join(" ")}\` failed: ${listed.stderr.trim()}`);
    return { clients: clientsListed(listed.stdout, directory), said: stderr.trim() };
  }

  return {
    async publish(wanted) {
      const { name, directory } = wanted;
      const { folder: make, write } = commands(name);
      await change(name, make);
      await change(name, write, renderExportsFile(wanted));
      const { clients, said } = await apply(name, directory);
      const missing = wanted.clients.filter((client) => !clients.includes(client));
      if (missing.length)
        throw new Error(
          `the kernel's NFS server does not export ${directory} to ${missing.join(", ")}:\n${said || "exportfs says nothing; does the file system allow NFS?"}`,
        );
      return { path: directory, exportId: 0 };
    },

    async withdraw(name, directory) {
      const before = await textOf(fileOf(folder, name));
      if (before === undefined) return;
      await change(name, commands(name).remove);
      const { clients } = await apply(name, directory);
      if (clients.length)
        throw new Error(
          `${directory} is still exported to ${clients.join(", ")}: /etc/exports, or another file of ${folder}, exports it too; remove that line`,
        );
    },

    async look(expected) {
      const { name, directory } = expected;
      const text = await textOf(fileOf(folder, name));
      if (text === undefined) return undefined;
      // The file may be right, and somebody has withdrawn it from the running server.
      const listed = await asRoot(name, commands(name).list);
      const served = listed.code === 0 ? clientsListed(listed.stdout, directory) : undefined;
      return clientsInExportsFile(text, expected).filter((client) => served?.includes(client) ?? true);
    },
  };
}
