import { shownLines } from "../../domain/shown-text";
import { RunError, type RunResult } from "../../local/run";
import type { MachineInputs } from "./inputs";
import { parseRows, shownText } from "./machine-readable";
import { vagrantProcesses } from "./processes";

/** A failed Vagrant command, with Vagrant's own message. */
export interface VagrantError extends Error {
  command: string;
  /** The class of Vagrant's error, such as `Vagrant::Errors::BoxNotFound`; empty if it named none. */
  kind: string;
  text: string;
}

/** Recognizes the error by its properties, not its class: Pulumi turns all errors into plain ones. */
export const isVagrantError = (error: unknown): error is VagrantError =>
  error instanceof Error && "kind" in error && "command" in error;

/** Whether Vagrant itself is missing; nothing was done then. */
export const isMissingVagrant = (error: unknown): boolean =>
  error instanceof RunError && error.result.code === 127 && error.message.includes("cannot be started");

/** Whether Vagrant is there, but what it needs for this hypervisor is missing. */
export const isMissingProvider = (error: unknown): boolean =>
  isVagrantError(error) && /Provider(NotFound|NotUsable)/.test(error.kind);

const lastLines = (text: string, count: number): string =>
  shownLines(text.trimEnd().split("\n").slice(-count).join("\n"));

/** Vagrant's own message, and the class of its error. */
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

const providerAdvice = ({ hypervisor, name }: MachineInputs): string =>
  `\`hypervisor\` ${hypervisor} cannot be used here: install it and Vagrant's plugin for it (\`vagrant plugin list\`), or ` +
  `choose another. If it is gone for good with its machines, \`pulumi state delete URN\` forgets ${name}.`;

const boxAdvice = ({ box, boxVersion, hypervisor }: MachineInputs): string =>
  `see that \`box\` ${box}${boxVersion ? ` and \`boxVersion\` ${boxVersion}` : ""} exist for \`hypervisor\` ${hypervisor} ` +
  "(and `boxUrl`, if it has one), or add the box by hand: `vagrant box add`.";

async function advice(kind: string, inputs: MachineInputs): Promise<string | undefined> {
  if (/Lock/.test(kind)) return await lockAdvice(inputs);
  if (/LibvirtConnection/.test(kind)) return hypervisorAdvice(inputs);
  if (/Provider(NotFound|NotUsable)/.test(kind)) return providerAdvice(inputs);
  if (/::(Box|Downloader)/.test(kind)) return boxAdvice(inputs);
  return undefined;
}

/**
 * The error for a failed command: our message and Vagrant's, with the way out.
 *
 * @param command the subcommand, such as `up`
 */
export async function explained(
  command: string,
  inputs: MachineInputs,
  result: RunResult,
): Promise<VagrantError> {
  const { kind, text } = vagrantsError(result);
  const parts = [
    `\`vagrant ${command}\` of ${inputs.name} failed${kind ? ` (${kind.replace(/^.*::/, "")})` : ""}:`,
    text || `it ended with code ${result.code} and said nothing`,
  ];
  const way = await advice(kind, inputs);
  if (way) parts.push(way);
  else {
    // The reason is often in earlier output, such as that of a script.
    const before = shownText(parseRows(result.stdout)).join("\n").replace(text, "");
    const tail = lastLines(before, 10).trim();
    if (tail && kind) parts.push("Before that it said:", tail);
  }
  parts.push(`(folder ${inputs.directory})`);
  return Object.assign(new Error(parts.join("\n")), { command, kind, text });
}

/** The error for a command that took too long, was cancelled, or could not be started. */
export function explainedRunError(
  command: string,
  inputs: MachineInputs,
  setting: string,
  error: RunError,
): Error {
  if (isMissingVagrant(error))
    return new RunError(
      `\`vagrant\` cannot be started: install Vagrant (and its plugin for \`hypervisor\` ${inputs.hypervisor}) so that ` +
        `it is on PATH. ${error.message}`,
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
