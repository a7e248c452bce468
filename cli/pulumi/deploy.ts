import { callOn } from "../../local/called";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { initStack } from "../../stack/state";
import type { Clock } from "../ui/clock";
import type { Sound } from "./before-up";
import { type FirstLook, firstLook } from "./mending";
import { runPulumi } from "./operation";
import { checkFileSalt, checkPassphrase } from "./passphrase";
import { judgeFirst, policyEnvironment, policyFlags } from "./policies";
import { cliOf, type Surroundings } from "./surroundings";

type Say = (line: string) => void;

/** Checks the whole stack against the policies; then Pulumi makes it, or changes it to match its settings. */
export async function deploy(
  sound: Sound,
  surroundings: Surroundings,
  clock: Clock,
  say: Say,
): Promise<void> {
  const { stack, found, known } = sound;
  // Both take half a second, and change nothing.
  const [look] = await Promise.all([
    clock.phase("first look", () => firstLook(stack, known, surroundings)),
    checkPassphrase(stack, known?.salt).then(() => checkFileSalt(found.file, known?.salt)),
  ]);
  await keepingStackFile(found.file, async () => {
    if (!known) await clock.phase("stack init", () => initStack(stack, cliOf(surroundings)));
    const verdict = await clock.phase("policies", () => judgeFirst(stack, found, surroundings, say));
    await clock.phase("pulumi up", () => pulumiUp(sound, look, verdict.known, surroundings, say));
    verdict.remember();
  });
}

/** @param isJudged whether the policies have judged just this before */
async function pulumiUp(
  { stack, found, nodes }: Sound,
  { why, runs }: FirstLook,
  isJudged: boolean,
  surroundings: Surroundings,
  say: Say,
): Promise<void> {
  const next = `\`${callOn(stack, "up")}\` continues where it stopped, \`${callOn(stack, "down")}\` removes what exists.`;
  if (why !== undefined) say(why);
  // Where something is not as it was made, the policies judge what is found.
  const pack = isJudged && why === undefined ? [] : policyFlags;
  for (const options of runs) {
    const argv = ["up", ...options, ...found.fileFlags, ...found.configFlags, ...pack];
    await runPulumi(surroundings, { stack, argv, nodes, environment: policyEnvironment(stack), next });
  }
}
