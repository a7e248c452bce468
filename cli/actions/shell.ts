import { existsSync } from "node:fs";
import { currentLab, runningLab } from "../../lab";
import { callOf, callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { handOver } from "../../local/foreground";
import { labHome } from "../../local/paths";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { checkSettingsFile } from "../../settings/file";
import { existingStackFile } from "../../stack/stack-file";
import { initStack, readState } from "../../stack/state";
import { callerFolder } from "../caller";
import { runsInLab } from "../hypervisor";
import { checkFileSalt, settlePassphrase } from "../pulumi/passphrase";
import { prepare } from "../pulumi/prepare";
import { backendOf, cliOf, commandIn } from "../pulumi/surroundings";
import { whoWorks } from "../pulumi/turn";
import { placeName, promptingShell } from "../shell/prompt";
import { Clock } from "../ui/clock";

export interface ShellOptions {
  stack: string;
  /** The program to run with its arguments; none: the user's shell. */
  command: string[];
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Runs a shell or a program where the stack's machines can be reached, with `pulumi` set up and the stack selected.
 *
 * @returns its exit code
 */
export async function shell({ stack, command }: ShellOptions): Promise<number> {
  const file = existingStackFile(stack);
  const usesLab = await runsInLab(checkSettingsFile(file));
  if (usesLab && !currentLab() && !runningLab() && !existsSync(labHome())) {
    throw new Failure(`there is no lab yet: \`${callOf("up")}\` makes it`);
  }
  const surroundings = await prepare(usesLab, new Clock(), say);
  const backend = backendOf(usesLab, say);
  const state = await readState(backend, stack, async () => cliOf(surroundings));
  await settlePassphrase(state?.salt);
  const cli = cliOf(surroundings);
  // Plain `pulumi up` then works at once.
  if (!state) {
    await checkFileSalt(file);
    await keepingStackFile(file, () => initStack(stack, cli));
  }
  const isShell = command.length === 0;
  const place = placeName(stack, usesLab);
  const { argv, environment } = isShell
    ? promptingShell(process.env.SHELL || "/bin/sh", place)
    : { argv: command, environment: {} };
  const worker = whoWorks(stack, backend);
  if (worker !== undefined) say(worker);
  if (isShell) for (const line of welcome(stack, usesLab)) say(line);
  if (readsOldMaster(command)) say(oldMaster(stack));
  return await keepingStackFile(file, () =>
    handOver(commandIn(surroundings, argv, { PULUMI_STACK: stack, ...environment }), callerFolder()),
  );
}

const welcome = (stack: string, usesLab: boolean): string[] => [
  `A shell ${usesLab ? "in the lab's network" : "of yours"}, with pulumi, and the stack ${stack} selected. \`exit\` leaves it.`,
  oldMaster(stack),
];

const oldMaster = (stack: string): string =>
  `\`pulumi stack output currentMaster\` is of the last \`up\`: \`${callOn(stack, "status")}\` measures it now.`;

/** Whether a command reads an output that may have changed since. */
const readsOldMaster = (command: readonly string[]): boolean =>
  command[0] === "pulumi" && command.some((word) => word === "currentMaster" || word === "vipHolders");
