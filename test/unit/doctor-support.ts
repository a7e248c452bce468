import { checks, examine, type Result } from "../../cli/doctor";
import type { Check, Finding, Subject } from "../../cli/doctor/check";
import type { ThisMachine } from "../../cli/doctor/machine";
import { parseSettings } from "../../settings";

/** What a machine of the tests has; all else is missing. */
export interface Given extends Partial<Omit<ThisMachine, "program" | "run" | "text" | "names" | "exists">> {
  /** Programs on PATH, with what they answer: by `name arguments`, by `name`, or nothing with code 0. */
  programs?: Record<string, { code?: number; stdout?: string; stderr?: string }>;
  files?: Record<string, string>;
}

/** A machine that has just what is given, and is well otherwise. */
function fakeMachine({ programs = {}, files = {}, ...others }: Given = {}): ThisMachine {
  const names = (folder: string): string[] => [
    ...new Set(
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""),
    ),
  ];
  return {
    platform: "linux",
    architecture: "x64",
    nodeVersion: "20.11.1",
    isRoot: false,
    user: "ann",
    now: Date.now(),
    program: (name) =>
      Object.keys(programs).some((key) => key.split(" ")[0] === name) ? `/bin/${name}` : undefined,
    run: async (command, ...args) => {
      const answer = programs[[command, ...args].join(" ")] ?? programs[command];
      return answer
        ? { code: 0, stdout: "", stderr: "", ...answer }
        : { code: 127, stdout: "", stderr: "not found" };
    },
    text: (path) => files[path],
    names,
    exists: (path) => files[path] !== undefined || names(path).length > 0,
    memory: () => ({ total: 16_384, available: 12_288 }),
    free: () => 100_000,
    isFree: async () => true,
    addresses: () => [{ device: "eth0", cidr: "10.0.0.5/24" }],
    lab: () => undefined,
    ...others,
  };
}

/** Settings of two machines, and what else is said; all as text. */
export const settingsWith = (raw: Record<string, string> = {}) =>
  parseSettings({
    vip: "192.168.56.10/24",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.11" },
      { name: "b", address: "192.168.56.12" },
    ]),
    ...raw,
  });

/** A stack that is not there yet, of VirtualBox machines unless something else is said. */
export function subject(given: Given = {}, changes: Partial<Subject> = {}): Subject {
  return {
    machine: fakeMachine(given),
    stack: "dev",
    file: "/nowhere/Pulumi.dev.yaml",
    settings: settingsWith({ box: "debian/bookworm64" }),
    hypervisor: "virtualbox",
    inLab: false,
    backend: { url: "file:///nowhere/backend", local: true },
    known: undefined,
    ...changes,
  };
}

/** What the check of that name says. */
export async function says(checks: readonly Check[], name: string, about: Subject): Promise<Result[]> {
  return await examine(
    checks.filter((check) => check.name === name),
    about,
  );
}

/** `state: meaning -> mend`, a line each. */
export const lines = (findings: Finding[]): string =>
  findings.map(({ state, meaning, mend }) => `${state}: ${meaning}${mend ? ` -> ${mend}` : ""}`).join("\n");

/** What the check of that name says of such a machine and stack, as text. */
export const asked = async (
  name: string,
  given: Given = {},
  changes: Partial<Subject> = {},
): Promise<string> => lines(await says(checks, name, subject(given, changes)));
