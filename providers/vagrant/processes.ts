import { readdir, readFile, readlink } from "node:fs/promises";

/** Processes of Vagrant that work in a machine's folder (Linux: elsewhere none are found). */
export async function vagrantProcesses(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    try {
      if ((await readlink(`/proc/${pid}/cwd`)) !== directory) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").join(" ").trim();
      if (command.includes("vagrant")) found.push(`process ${pid} (${command.slice(0, 120)})`);
    } catch {
      // It has ended meanwhile, or belongs to another user.
    }
  }
  return found;
}
