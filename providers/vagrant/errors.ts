import { readdir, readFile, readlink } from "node:fs/promises";
import { RunError, type RunResult } from "../../system/run";
import type { MachineInputs } from "./inputs";
import { parseRows, shownText } from "./machine-readable";

/** Vagrant itself is not there: nothing was done. */
export const isMissingVagrant = (error: unknown): boolean =>
  error instanceof RunError && error.result.code === 127 && error.message.includes("cannot be started");

const lastLines = (text: string, count: number): string =>
  text.trimEnd().split("\n").slice(-count).join("\n");

/** Vagrant's own words for what went wrong, and the class of its error. */
export function vagrantsError(result: RunResult): { kind: string; text: string } {
  const rows = parseRows(result.stdout);
  const exit = rows.findLast((row) => row.type === "error-exit");
  if (exit) {
    const [kind = "", ...text] = exit.data;
    return { kind, text: text.join(",").trim() };
  }
  const shown = shownText(rows).join("\n") || result.stdout;
  return { kind: "", text: lastLines(result.stderr.trim() || shown.trim(), 15) };
}

/** Processes of Vagrant that work in a machine's folder (Linux: elsewhere none are found). */
async function vagrantProcesses(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    try {
      if ((await readlink(`/proc/${pid}/cwd`)) !== directory) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").join(" ").trim();
      if (command.includes("vagrant")) found.push(`process ${pid} (${command.slice(0, 120)})`);
    } catch {
      // Ended meanwhile, or somebody else's.
    }
  }
  return found;
}

async function lockAdvice(inputs: MachineInputs): Promise<string> {
  const holders = await vagrantProcesses(inputs.directory);
  const who = holders.length ? holders.join(", ") : "look for `ruby` or `vagrant` in the process list";
  return (
    `another Vagrant command works on ${inputs.name} at the moment: ${who}. ` +
    "Wait until it ends, or end it (kill -INT), then run this again."
  );
}

function hypervisorAdvice(inputs: MachineInputs): string {
  const where = inputs.libvirt?.uri ?? "its default URI";
  return (
    `libvirt cannot be reached (${where}). Start it, or enter the lab that it runs in, and run this again; ` +
    `${inputs.name} stays in the stack's state until then. If that libvirt is gone for good, ` +
    "`pulumi state delete URN` forgets the machine."
  );
}

/**
 * What failed, in our words and Vagrant's, with the way out.
 *
 * @param command the subcommand, such as `up`
 */
export async function explained(command: string, inputs: MachineInputs, result: RunResult): Promise<Error> {
  const { kind, text } = vagrantsError(result);
  const parts = [
    `\`vagrant ${command}\` of ${inputs.name} failed${kind ? ` (${kind.replace(/^.*::/, "")})` : ""}:`,
    text || `it ended with code ${result.code} and said nothing`,
  ];
  if (/Lock/.test(kind)) parts.push(await lockAdvice(inputs));
  else if (/LibvirtConnection/.test(kind)) parts.push(hypervisorAdvice(inputs));
  else {
    // The reason is often in what came before, such as a script's own words.
    const before = shownText(parseRows(result.stdout)).join("\n").replace(text, "");
    const tail = lastLines(before, 10).trim();
    if (tail && kind) parts.push("Before that it said:", tail);
  }
  parts.push(`(folder ${inputs.directory})`);
  return new Error(parts.join("\n"));
}

/** For a command that was ended since it took too long, was cancelled, or could not be started. */
export function explainedRunError(
  command: string,
  inputs: MachineInputs,
  setting: string,
  error: RunError,
): Error {
  if (isMissingVagrant(error))
    return new RunError(
      "`vagrant` cannot be started: install Vagrant (and vagrant-libvirt for `hypervisor` libvirt) so that it is " +
        `on PATH. ${error.message}`,
      error.result,
    );
  const said = lastLines(shownText(parseRows(error.result.stdout)).join("\n"), 5).trim();
  const why = / took longer than .*$/.exec(error.message)
    ? `took longer than \`${setting}\` allows and was ended: raise it, or see what the machine waits for`
    : "was ended before it was done: run this again, it goes on from there";
  return new Error(
    `\`vagrant ${command}\` of ${inputs.name} ${why}${said ? `. The last it said:\n${said}` : "."}`,
  );
}
