import { existsSync } from "node:fs";
import { currentLab, removeLab, stopLab } from "../../lab";
import { callOf, callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { labHome, labName } from "../../local/paths";
import { projectName } from "../../local/project";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { run } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import { purgeVariable } from "../../providers/nfs/export-provider";
import { checkSettingsFile } from "../../settings/file";
import { labsOf, othersInLab, refuseOtherLab } from "../../stack/lab-stacks";
import { forgetMaker } from "../../stack/makers";
import { stackFile } from "../../stack/stack-file";
import { readState, type StackState } from "../../stack/state";
import { chooseHypervisor, runsInLab } from "../hypervisor";
import { runPulumi } from "../pulumi/operation";
import { checkPassphrase } from "../pulumi/passphrase";
import { prepare } from "../pulumi/prepare";
import { backendOf, cliOf, type Surroundings } from "../pulumi/surroundings";
import { awaitTurn, working } from "../pulumi/turn";
import { Clock } from "../ui/clock";
import { confirm } from "../ui/confirm";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface DownOptions {
  stack: string;
  /** Also remove the lab with its caches. */
  lab?: boolean;
  /** Also remove the shared data, even if `keepData` is true. */
  purgeData?: boolean;
  /** Wait for another run of Pulumi on the stack. */
  wait?: boolean;
  /** Do not ask. */
  yes?: boolean;
}

/** Removes everything that a stack made, and then the stack. Stops the lab if no other stack uses it. */
export async function down(options: DownOptions): Promise<void> {
  const clock = new Clock();
  let ok = false;
  try {
    await takeDown(options, clock);
    ok = true;
  } finally {
    clock.save("down", options.stack, ok);
  }
}

async function takeDown(options: DownOptions, clock: Clock): Promise<void> {
  const { stack, lab: removesLab = false, purgeData: purges = false } = options;
  const file = stackFile(stack);
  if (purges) refuseForeignData(file);
  const usesLab = await settingsNameLab(file);
  const backend = backendOf(usesLab, say);
  const turn = { wait: options.wait, again: callOn(stack, "down", "--wait"), say };
  await awaitTurn(backend, stack, turn);
  const state = await readState(backend, stack, async () => await cliWithout(usesLab));
  if (state) refuseOtherLab(stack, state);
  const others = usesLab ? await othersInLab(backend, stack) : [];
  if (removesLab && others.length > 0) {
    throw new Failure(`the lab has machines of ${others.join(", ")}: take down that first (\`--stack\`)`);
  }
  await askFirst(options, state);

  if (!state) say(`The stack ${stack} does not exist: there is nothing to remove`);
  else {
    await working(backend, stack, "down", turn, () =>
      keepingStackFile(file, () => removeStack({ stack, state, usesLab, removesLab, purges, others }, clock)),
    );
    forgetMaker(stack);
    say(`The stack ${stack} is removed${purges ? ", with its data" : ""}`);
  }
  if (usesLab || removesLab) await leaveLab(others, removesLab, clock);
  for (const line of clock.table()) say(`  ${line}`);
}

/** Shows what would be lost, and asks for confirmation. */
async function askFirst(options: DownOptions, state: StackState | undefined): Promise<void> {
  const { stack, lab, purgeData: purges = false, yes } = options;
  const losses = [
    ...(state?.losses[purges ? "withData" : "usual"] ?? []),
    ...(lab ? [`the lab ${labName()} with its caches`] : []),
  ];
  if (yes || losses.length === 0) return;
  const flags = [...(lab ? ["--lab"] : []), ...(purges ? ["--purge-data"] : []), "--yes"];
  await confirm({
    title: state ? `The stack ${stack} would be removed:` : "This would be removed:",
    losses,
    message: "Remove all this?",
    unasked: callOn(stack, "down", ...flags),
  });
}

/** Refuses to purge data on the user's own server. */
function refuseForeignData(file: string): void {
  let settings: ReturnType<typeof checkSettingsFile>;
  try {
    settings = checkSettingsFile(file);
  } catch {
    return; // Without readable settings, only the stack's state names its export.
  }
  const { storage, nfsAddress, sharedDirectory } = settings;
  if (storage === "server")
    throw new Failure(
      `\`--purge-data\` does not reach your own server: take the stack down without it, and delete ${nfsAddress}:${sharedDirectory} there yourself`,
    );
}

/** Whether the settings name the lab. Mistakes in them must not prevent the removal of a stack. */
async function settingsNameLab(file: string): Promise<boolean> {
  try {
    return await runsInLab(checkSettingsFile(file));
  } catch {
    return (await chooseHypervisor("auto")) === "lab";
  }
}

const cliWithout = async (usesLab: boolean) =>
  cliOf({ toolchain: await ensureToolchain(say), lab: usesLab ? currentLab() : undefined });

interface Removal {
  stack: string;
  state: StackState;
  usesLab: boolean;
  removesLab: boolean;
  purges: boolean;
  /** Other stacks in the same lab. */
  others: string[];
}

async function removeStack(removal: Removal, clock: Clock): Promise<void> {
  const { stack, state, usesLab } = removal;
  const isEmpty = state.resources === 0 && state.pendingCreates.length === 0;
  const isLost = usesLab && labsOf(state).includes(labName()) && !existsSync(labHome());
  if (isLost && !removal.removesLab) {
    throw new Failure(
      `the stack \`${stack}\` has machines in the lab \`${labName()}\`, whose folder ${labHome()} is gone, and the ` +
        `machines with it. \`${callOf("down", "--stack", stack, "--lab")}\` removes what is recorded of them`,
    );
  }
  if (isEmpty || isLost) {
    const cli = await cliWithout(usesLab);
    await clock.phase("stack rm", () => removeRecord(stack, cli, isLost));
    return;
  }
  const surroundings = await prepare(usesLab, clock, say);
  await checkPassphrase(stack, state.salt);
  await clock.phase("pulumi destroy", () => destroy(removal, surroundings));
  await clock.phase("stack rm", () => removeRecord(stack, cliOf(surroundings), false));
}

async function destroy(
  { stack, state, usesLab, purges, others }: Removal,
  surroundings: Surroundings,
): Promise<void> {
  const next = `\`${callOn(stack, "down")}\` continues where it stopped.`;
  const { nodes } = state;
  // `destroy` ignores resources that were being created when Pulumi was killed. If the lab ends, they end with it.
  if (state.pendingCreates.length > 0 && !(usesLab && others.length === 0)) {
    say("Finishing what was being created when Pulumi was killed, so that it can be removed");
    const argv = ["up", ...state.pendingCreates.flatMap((urn) => ["--target", urn])];
    await runPulumi(surroundings, { stack, argv, nodes, next });
  }
  const environment = purges ? { [purgeVariable]: `${projectName}-${stack}` } : {};
  await runPulumi(surroundings, { stack, argv: ["destroy"], nodes, environment, next });
}

async function removeRecord(
  stack: string,
  { pulumi: program, env, cwd }: ReturnType<typeof cliOf>,
  force: boolean,
): Promise<void> {
  const flags = ["--yes", "--preserve-config", "--remove-backups", ...(force ? ["--force"] : [])];
  await run(program, ["stack", "rm", stack, "--non-interactive", ...flags], { env, cwd });
}

async function leaveLab(others: string[], removesLab: boolean, clock: Clock): Promise<void> {
  if (currentLab())
    say(`The lab goes on, since this is its shell: \`${callOf("down")}\` outside of it stops it`);
  else if (others.length > 0) say(`The lab goes on for ${others.join(", ")}`);
  else if (removesLab) await clock.phase("lab removal", () => removeLab(say));
  else await clock.phase("lab stop", () => stopLab(say));
}
