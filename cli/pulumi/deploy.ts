import { basename } from "node:path";
import { callOn } from "../../local/called";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { initStack } from "../../stack/state";
import type { Clock } from "../ui/clock";
import type { Sound } from "./before-up";
import { firstLook } from "./mending";
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
  const { stack, file, known } = sound;
  await checkPassphrase(stack, known?.salt);
  await checkFileSalt(file, known?.salt);
  await keepingStackFile(file, async () => {
    if (!known) await clock.phase("stack init", () => initStack(stack, cliOf(surroundings)));
    const remember = await clock.phase("policies", () =>
      judgeFirst(stack, basename(file), surroundings, say),
    );
    await clock.phase("pulumi up", async () => await pulumiUp(sound, surroundings, say));
    remember();
  });
}

async function pulumiUp({ stack, known, nodes }: Sound, surroundings: Surroundings, say: Say): Promise<void> {
  const next = `\`${callOn(stack, "up")}\` continues where it stopped, \`${callOn(stack, "down")}\` removes what exists.`;
  const { why, runs } = await firstLook(stack, known, surroundings);
  if (why !== undefined) say(why);
  for (const options of runs) {
    const argv = ["up", ...options, ...policyFlags];
    await runPulumi(surroundings, { stack, argv, nodes, environment: policyEnvironment(stack), next });
  }
}
