import { basename, join } from "node:path";
import { Failure } from "../../local/errors";
import { stream } from "../../local/foreground";
import { removeDeadLocks } from "../../local/pulumi/locks";
import { checkPassphrase } from "../../local/pulumi/passphrase";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { packageRoot } from "../../local/root";
import { ensureToolchain } from "../../local/toolchain";
import { type Settings, SettingsError } from "../../settings";
import { checkSettingsFile } from "../../settings/file";
import { clashesWith } from "../../stack/clashes";
import type { KnownNode } from "../../stack/known-stack";
import { refuseOtherLab } from "../../stack/lab-stacks";
import { otherStacks } from "../../stack/other-stacks";
import { existingStackFile } from "../../stack/stack-file";
import { initStack, readState, type StackState } from "../../stack/state";
import { refuseUnfit, subjectOf } from "../doctor";
import { runsInLab } from "../hypervisor";
import { judgeFirst, policyEnvironment, policyFlags } from "../pulumi/policies";
import { prepare } from "../pulumi/prepare";
import { unreachable } from "../pulumi/reachable";
import { backendOf, cliOf, commandIn, type Surroundings } from "../pulumi/surroundings";
import { Clock, timingsFile } from "../ui/clock";
import { colors } from "../ui/colors";
import { summary } from "../ui/summary";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface UpOptions {
  stack: string;
}

/** Makes everything that the stack needs and then the stack itself, or brings it to what its settings say. */
export async function up({ stack }: UpOptions): Promise<void> {
  const clock = new Clock();
  let ok = false;
  try {
    await bringUp(stack, clock);
    ok = true;
  } finally {
    clock.save("up", stack, ok);
  }
}

async function bringUp(stack: string, clock: Clock): Promise<void> {
  const file = existingStackFile(stack);
  const settings = checkSettingsFile(file);
  const usesLab = await runsInLab(settings);
  const backend = backendOf(usesLab, say);
  const read = (): Promise<StackState | undefined> =>
    readState(backend, stack, async () => cliOf({ toolchain: await ensureToolchain(say), lab: undefined }));
  const known = await read();
  if (known) refuseOtherLab(stack, known);
  const mistakes = clashesWith(settings, otherStacks(backend, stack, usesLab));
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  if (!known?.resources) await refuseUnfit(await subjectOf(stack));
  const surroundings = await prepare(usesLab, clock, say);
  const cli = cliOf(surroundings);

  if (removeDeadLocks(backend, stack) > 0) say("Removed the lock of a Pulumi process that was killed");
  await checkPassphrase(stack, known?.salt);
  await keepingStackFile(file, async () => {
    if (!known) await clock.phase("stack init", () => initStack(stack, cli));
    const remember = await clock.phase("policies", () =>
      judgeFirst(stack, basename(file), surroundings, say),
    );
    const silent = await silentNodes(known, surroundings);
    if (silent.length > 0)
      await clock.phase("pulumi refresh", () => refreshMachines(stack, surroundings, silent));
    await giveUpVip(known, settings, surroundings, stack);
    const lost = known?.interrupted === true && silent.length === 0;
    if (lost) say("Pulumi was killed in its last run: looking first what is there (`--refresh`)");
    await clock.phase("pulumi up", () => pulumiUp(stack, surroundings, lost ? ["--refresh"] : []));
    remember();
  });

  const state = await read();
  say(summary({ stack, outputs: state?.outputs ?? {}, usesLab }));
  say(colors.bold("Times"));
  for (const line of clock.table()) say(`  ${line}`);
  say(colors.dim(`  (kept in ${timingsFile()})`));
}

async function silentNodes(state: StackState | undefined, surroundings: Surroundings): Promise<string[]> {
  const machines = state?.machines ?? [];
  const known = (state?.outputs.nodes as KnownNode[] | undefined) ?? machines;
  // A host that is off is for its owner to start: there is nothing to find out.
  const nodes = known.filter(({ name }) => machines.some((machine) => machine.name === name));
  if (nodes.length === 0) return [];
  return await unreachable(
    nodes.map(({ name, address }) => ({ name, address })),
    surroundings,
  );
}

/**
 * Nodes that the settings no longer have are to be removed: they give the VIP and the service to the others in order
 * before, as for maintenance. A node that cannot is removed all the same, and the others take over as after a crash.
 */
async function giveUpVip(
  known: StackState | undefined,
  { nodes }: Settings,
  surroundings: Surroundings,
  stack: string,
): Promise<void> {
  const before = (known?.outputs.nodes as KnownNode[] | undefined) ?? [];
  for (const { name } of before) {
    if (nodes.some((node) => node.name === name)) continue;
    say(`${name} is to be removed: it hands over first`);
    const program = join(packageRoot, "cli", "bootstrap.mjs");
    const command = [process.execPath, program, "maintenance", "--stack", stack, name, "on"];
    await stream(commandIn(surroundings, command), { cwd: packageRoot });
  }
}

/**
 * A machine that was halted by hand is drift, which Pulumi sees only in a refresh. Only of the machines: what is on
 * one that is off cannot be looked at.
 */
async function refreshMachines(stack: string, surroundings: Surroundings, names: string[]): Promise<void> {
  say(`No answer from ${names.join(" and ")}: looking first what has become of it`);
  const targets = names.flatMap((name) => ["--target", `**:dynamic/vagrant:Machine::${name}`]);
  await pulumi("refresh", stack, surroundings, targets);
}

async function pulumiUp(stack: string, surroundings: Surroundings, flags: string[]): Promise<void> {
  await pulumi("up", stack, surroundings, [...flags, ...policyFlags]);
}

async function pulumi(
  verb: "up" | "refresh",
  stack: string,
  surroundings: Surroundings,
  flags: string[],
): Promise<void> {
  const common = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--stack", stack];
  const { code, interrupted } = await stream(
    commandIn(surroundings, ["pulumi", verb, ...common, ...flags], policyEnvironment(stack)),
    {
      cwd: packageRoot,
      onInterrupt: (count) =>
        say(
          count === 1
            ? "\nStopping: what has begun is finished, nothing new is started. Ctrl-C again ends it at once."
            : "\nEnding at once.",
        ),
    },
  );
  const next = `\`npm run up${forStack(stack)}\` continues where it stopped, \`npm run down${forStack(stack)}\` removes what exists.`;
  if (interrupted) throw new Failure(`interrupted. ${next}`, 130);
  if (code !== 0) throw new Failure(`\`pulumi ${verb}\` failed, see above. When the cause is mended ${next}`);
}

const forStack = (stack: string): string => (stack === "dev" ? "" : ` -- --stack ${stack}`);
