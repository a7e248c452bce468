import { basename } from "node:path";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { ensureToolchain } from "../../local/toolchain";
import { checkSettingsFile } from "../../settings/file";
import { refuseClashes } from "../../stack/clashes";
import { refuseOtherLab } from "../../stack/lab-stacks";
import { otherStacks } from "../../stack/other-stacks";
import { existingStackFile } from "../../stack/stack-file";
import { initStack, readState, type StackState } from "../../stack/state";
import { refuseUnfit, subjectOf } from "../doctor";
import { runsInLab } from "../hypervisor";
import { runPulumi } from "../pulumi/operation";
import { checkPassphrase } from "../pulumi/passphrase";
import { judgeFirst, policyEnvironment, policyFlags } from "../pulumi/policies";
import { prepare } from "../pulumi/prepare";
import { unreachable } from "../pulumi/reachable";
import { backendOf, cliOf, type Surroundings } from "../pulumi/surroundings";
import { awaitTurn } from "../pulumi/turn";
import { Clock, timingsFile } from "../ui/clock";
import { colors } from "../ui/colors";
import { npmRun } from "../ui/npm-run";
import { summary } from "../ui/summary";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface UpOptions {
  stack: string;
  /** Wait for another run of Pulumi on the stack. */
  wait?: boolean;
}

/** Makes everything that the stack needs and then the stack itself, or brings it to what its settings say. */
export async function up(options: UpOptions): Promise<void> {
  const clock = new Clock();
  let ok = false;
  try {
    await makeStack(options, clock);
    ok = true;
  } finally {
    clock.save("up", options.stack, ok);
  }
}

async function makeStack({ stack, wait }: UpOptions, clock: Clock): Promise<void> {
  const file = existingStackFile(stack);
  const settings = checkSettingsFile(file);
  const usesLab = await runsInLab(settings);
  const backend = backendOf(usesLab, say);
  const read = (): Promise<StackState | undefined> =>
    readState(backend, stack, async () => cliOf({ toolchain: await ensureToolchain(say), lab: undefined }));
  await awaitTurn(backend, stack, { wait, again: npmRun("up", stack, "--wait"), say });
  const known = await read();
  if (known) refuseOtherLab(stack, known);
  refuseClashes(settings, otherStacks(backend, stack, usesLab));
  if (!known?.resources) await refuseUnfit(await subjectOf(stack));
  const surroundings = await prepare(usesLab, clock, say);

  await checkPassphrase(stack, known?.salt);
  await keepingStackFile(file, async () => {
    if (!known) await clock.phase("stack init", () => initStack(stack, cliOf(surroundings)));
    const remember = await clock.phase("policies", () =>
      judgeFirst(stack, basename(file), surroundings, say),
    );
    await clock.phase("pulumi up", async () => await pulumiUp(stack, surroundings, known));
    remember();
  });

  const state = await read();
  say(summary({ stack, outputs: state?.outputs ?? {}, usesLab }));
  say(colors.bold("Times"));
  for (const line of clock.table()) say(`  ${line}`);
  say(colors.dim(`  (kept in ${timingsFile()})`));
}

async function pulumiUp(
  stack: string,
  surroundings: Surroundings,
  known: StackState | undefined,
): Promise<void> {
  const next = `\`${npmRun("up", stack)}\` continues where it stopped, \`${npmRun("down", stack)}\` removes what exists.`;
  const refresh = known?.interrupted && (await allAnswer(known, surroundings)) ? ["--refresh"] : [];
  if (refresh.length > 0) say("Pulumi was killed in its last run: looking first what is there (`--refresh`)");
  const argv = ["up", ...refresh, ...policyFlags];
  await runPulumi(surroundings, { stack, argv, environment: policyEnvironment(stack), next }, say);
}

/** What is on a machine that is off cannot be looked at. */
async function allAnswer({ machines }: StackState, surroundings: Surroundings): Promise<boolean> {
  const asked = machines.map(({ name, address, sshPort }) => ({ name, address, port: sshPort }));
  return (await unreachable(asked, surroundings)).length === 0;
}
