import { existsSync } from "node:fs";
import { currentLab, removeLab, stopLab } from "../../lab";
import { Failure } from "../../local/errors";
import { stream } from "../../local/foreground";
import { labHome, labName } from "../../local/paths";
import { projectName } from "../../local/project";
import { removeDeadLocks } from "../../local/pulumi/locks";
import { checkPassphrase } from "../../local/pulumi/passphrase";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import type { Backend } from "../../local/toolchain/environment";
import { purgeVariable } from "../../providers/nfs/export-provider";
import { checkSettingsFile } from "../../settings/file";
import { labsOf, othersInLab, refuseOtherLab } from "../../stack/lab-stacks";
import { stackFile } from "../../stack/stack-file";
import { readState, type StackState } from "../../stack/state";
import { chooseHypervisor, runsInLab } from "../hypervisor";
import { prepare } from "../pulumi/prepare";
import { backendOf, cliOf, commandIn, type Surroundings } from "../pulumi/surroundings";
import { Clock } from "../ui/clock";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface DownOptions {
  stack: string;
  /** Remove the lab with all that it keeps, too. */
  lab?: boolean;
  /** Remove the shared data, too, also where `keepData` is true. */
  purgeData?: boolean;
}

/** Removes all that a stack made, and then the stack; stops the lab if no other stack uses it. */
export async function down(options: DownOptions): Promise<void> {
  const { stack, lab: removesLab = false, purgeData: purges = false } = options;
  const clock = new Clock();
  let ok = false;
  try {
    await takeDown({ stack, removesLab, purges }, clock);
    ok = true;
  } finally {
    clock.save("down", stack, ok);
  }
}

async function takeDown(
  { stack, removesLab, purges }: { stack: string; removesLab: boolean; purges: boolean },
  clock: Clock,
): Promise<void> {
  const file = stackFile(stack);
  if (purges) refuseForeignData(file);
  const usesLab = await settingsNameLab(file);
  const backend = backendOf(usesLab, say);
  const state = await readState(backend, stack, async () => await cliWithout(usesLab));
  if (state) refuseOtherLab(stack, state);
  const others = usesLab ? await othersInLab(backend, stack) : [];
  if (removesLab && others.length > 0) {
    throw new Failure(`the lab has machines of ${others.join(", ")}: take down that first (\`--stack\`)`);
  }

  if (!state) say(`The stack ${stack} does not exist: there is nothing to remove`);
  else {
    await keepingStackFile(file, () =>
      removeStack({ stack, state, backend, usesLab, removesLab, purges, others }, clock),
    );
    say(`The stack ${stack} is removed${purges ? ", with its data" : ""}`);
  }
  if (usesLab || removesLab) await leaveLab(others, removesLab, clock);
  for (const line of clock.table()) say(`  ${line}`);
}

/** What is on somebody's own server is not this program's to delete. */
function refuseForeignData(file: string): void {
  let settings: ReturnType<typeof checkSettingsFile>;
  try {
    settings = checkSettingsFile(file);
  } catch {
    return; // Its export, if it has one, is what the stack's state says.
  }
  const { storage, nfsAddress, sharedDirectory } = settings;
  if (storage === "server")
    throw new Failure(
      `\`--purge-data\` does not reach your own server: take the stack down without it, and delete ${nfsAddress}:${sharedDirectory} there yourself`,
    );
}

/** Wrong settings must not keep anybody from removing what right ones made. */
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
  backend: Backend;
  usesLab: boolean;
  removesLab: boolean;
  purges: boolean;
  /** Other stacks in the same lab. */
  others: string[];
}

async function removeStack(removal: Removal, clock: Clock): Promise<void> {
  const { stack, state, backend, usesLab } = removal;
  if (removeDeadLocks(backend, stack) > 0) say("Removed the lock of a Pulumi process that was killed");
  const isEmpty = state.resources === 0 && state.pendingCreates.length === 0;
  const isLost = usesLab && labsOf(state).includes(labName()) && !existsSync(labHome());
  if (isLost && !removal.removesLab) {
    throw new Failure(
      `the stack \`${stack}\` has machines in the lab \`${labName()}\`, whose folder ${labHome()} is gone, and the ` +
        `machines with it. \`npm run down -- --stack ${stack} --lab\` removes what is recorded of them`,
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
  // `destroy` passes over what was being created when Pulumi was killed. A lab that ends takes it along.
  if (state.pendingCreates.length > 0 && !(usesLab && others.length === 0)) {
    say("Finishing what was being created when Pulumi was killed, so that it can be removed");
    await pulumi(["up", ...state.pendingCreates.flatMap((urn) => ["--target", urn])], stack, surroundings);
  }
  const extra = purges ? { [purgeVariable]: `${projectName}-${stack}` } : {};
  const { code, interrupted } = await pulumi(["destroy"], stack, surroundings, extra);
  const next = `\`npm run down -- --stack ${stack}\` continues where it stopped.`;
  if (interrupted) throw new Failure(`interrupted. ${next}`, 130);
  if (code !== 0) throw new Failure(`\`pulumi destroy\` failed, see above. When the cause is mended ${next}`);
}

const pulumi = (argv: string[], stack: string, surroundings: Surroundings, extra: NodeJS.ProcessEnv = {}) =>
  stream(
    commandIn(
      surroundings,
      [
        "pulumi",
        ...argv,
        ...["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--stack", stack],
      ],
      extra,
    ),
    {
      cwd: packageRoot,
      onInterrupt: (count) =>
        say(
          count === 1
            ? "\nStopping when what has begun is finished. Ctrl-C again ends it at once."
            : "\nEnding at once.",
        ),
    },
  );

async function removeRecord(
  stack: string,
  { pulumi: program, env, cwd }: ReturnType<typeof cliOf>,
  force: boolean,
): Promise<void> {
  const flags = ["--yes", "--preserve-config", "--remove-backups", ...(force ? ["--force"] : [])];
  await run(program, ["stack", "rm", stack, "--non-interactive", ...flags], { env, cwd });
}

async function leaveLab(others: string[], removesLab: boolean, clock: Clock): Promise<void> {
  if (currentLab()) say("The lab goes on, since this is its shell: `npm run down` outside of it stops it");
  else if (others.length > 0) say(`The lab goes on for ${others.join(", ")}`);
  else if (removesLab) await clock.phase("lab removal", () => removeLab(say));
  else await clock.phase("lab stop", () => stopLab(say));
}
