import { existsSync } from "node:fs";
import { sentenceOf } from "../../domain/mistake";
import { currentLab } from "../../lab";
import { callOf } from "../../local/called";
import { Failure, shownError } from "../../local/errors";
import { ensureToolchain } from "../../local/toolchain";
import { type Settings, SettingsError } from "../../settings";
import { checkSettingsFile } from "../../settings/file";
import { stackFile } from "../../stack/stack-file";
import { readState } from "../../stack/state";
import { chooseHypervisor } from "../hypervisor";
import { backendOf, cliOf } from "../pulumi/surroundings";
import { colors } from "../ui/colors";
import { boxChecks } from "./box";
import { type Check, type Finding, fault, type Subject, well } from "./check";
import { hypervisorChecks } from "./hypervisor";
import { leftoverChecks } from "./leftovers";
import { thisMachine } from "./machine";
import { networkChecks } from "./networks";
import { programChecks } from "./programs";
import { reportText } from "./report";
import { resourceChecks } from "./resources";
import { storageChecks } from "./storage";

const settingsCheck: Check = {
  name: "settings",
  look({ file, stack, isChecked }) {
    if (isChecked) return well(`The settings of ${stack} are right`);
    if (!existsSync(file))
      return fault(
        `There is no ${file} with the settings of the stack ${stack}`,
        "choose another one with --stack, or write it",
      );
    try {
      checkSettingsFile(file);
      return well(`Pulumi.${stack}.yaml is right`);
    } catch (error) {
      if (error instanceof SettingsError)
        return error.mistakes.flatMap((mistake) => fault(sentenceOf(mistake)));
      return fault(`${file} cannot be read: ${shownError(error)}`);
    }
  },
};

/** All checks, in the order of the output. */
export const checks: readonly Check[] = [
  settingsCheck,
  ...programChecks,
  ...hypervisorChecks,
  ...boxChecks,
  ...networkChecks,
  ...storageChecks,
  ...resourceChecks,
  ...leftoverChecks,
];

export type Result = Finding & { check: string };

/** Runs all checks in parallel. A check that throws becomes a fault; the others still report. */
export async function examine(some: readonly Check[], subject: Subject): Promise<Result[]> {
  const found = await Promise.all(
    some.map(async (check) => {
      try {
        return (await check.look(subject)).map((finding) => ({ check: check.name, ...finding }));
      } catch (error) {
        return fault(`The check failed: ${shownError(error)}`).map((finding) => ({
          check: check.name,
          ...finding,
        }));
      }
    }),
  );
  return found.flat();
}

/** What is right in a stack's file; undefined: the check `settings` reports what is not. */
function settingsIn(file: string): Settings | undefined {
  try {
    return checkSettingsFile(file);
  } catch {
    return undefined;
  }
}

/**
 * Collects what the checks need of a stack and of this machine.
 *
 * @param found its settings, if they were read and checked already
 */
export async function subjectOf(
  stack: string,
  found?: { file: string; settings: Settings },
): Promise<Subject> {
  const file = found?.file ?? stackFile(stack);
  const settings = found?.settings ?? settingsIn(file);
  const hasMachines = settings?.nodes.some(({ host }) => !host);
  const hypervisor = settings && hasMachines ? await chooseHypervisor(settings.hypervisor) : undefined;
  const inLab = hypervisor === "lab" || currentLab() !== undefined;
  const backend = backendOf(inLab);
  const known = await readState(backend, stack, async () =>
    cliOf({ toolchain: await ensureToolchain(() => {}), lab: undefined }),
  );
  return {
    machine: thisMachine(),
    stack,
    file,
    settings,
    isChecked: found !== undefined,
    hypervisor,
    inLab,
    backend,
    known,
  };
}

export interface DoctorOptions {
  stack: string;
  json?: boolean;
  /** Repair what can be repaired without harm. */
  fix?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Repairs what has a harmless repair, and reports it. */
async function mend(results: Result[]): Promise<void> {
  for (const { check, fix } of results) {
    if (!fix) continue;
    try {
      process.stderr.write(`mended  ${check}: ${await fix()}\n`);
    } catch (error) {
      process.stderr.write(`failed  ${check}: ${shownError(error)}\n`);
    }
  }
}

/**
 * Checks whether this machine can run a stack, and looks for what removed stacks left behind.
 *
 * @returns 0 if there is no fault, 1 if there is one
 */
export async function doctor({ stack, json = false, fix = false }: DoctorOptions): Promise<number> {
  const subject = await subjectOf(stack);
  let results = await examine(checks, subject);
  if (fix && results.some((each) => each.fix)) {
    await mend(results);
    results = await examine(checks, await subjectOf(stack));
  }
  const ok = results.every(({ state }) => state !== "fault");
  if (json) {
    const checked = results.map(({ fix: cure, ...result }) => ({ ...result, fixable: cure !== undefined }));
    say(JSON.stringify({ stack, ok, hypervisor: subject.hypervisor ?? null, checks: checked }, undefined, 2));
  } else say(reportText(subject, results, colors));
  return ok ? 0 : 1;
}

const shown = ({ check, meaning, mend: way }: Result): string =>
  `${check}: ${meaning}${way ? `\n    ${way.replaceAll("\n", "\n    ")}` : ""}`;

/**
 * Runs the checks that must pass before a stack is made. An `up` of an existing stack reports its problems itself.
 *
 * @param say gets each remark: what will work, and not as somebody may expect
 * @throws Failure with every fault and its repair
 */
export async function refuseUnfit(subject: Subject, say: (line: string) => void): Promise<void> {
  const results = await examine(
    checks.filter(({ beforeUp }) => beforeUp),
    subject,
  );
  for (const result of results) if (result.state === "remark") say(`Remark: ${shown(result)}`);
  const faults = results.filter(({ state }) => state === "fault");
  if (faults.length === 0) return;
  const lines = faults.map((each) => `  - ${shown(each)}`);
  throw new Failure(
    [
      `this machine cannot run the stack; nothing was changed:`,
      ...lines,
      `\`${callOf("doctor")}\` reports the rest.`,
    ].join("\n"),
  );
}
