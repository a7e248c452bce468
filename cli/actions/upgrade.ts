import { callOn, forStack } from "../../local/called";
import { Failure } from "../../local/errors";
import { isUnfinished } from "../../providers/release/scripts";
import { trapsOnNodes } from "../../providers/release/traps";
import type { KnownStack } from "../../stack/known-stack";
import { needsService } from "../../stack/needs-service";
import { endpointOf } from "../../stack/nodes";
import { planWalk, shownPlan, type WalkPlan, walk } from "../../stack/upgrade-walk";
import { upgradesOf } from "../../workloads/upgrades";
import { lookBeforeUp, type Sound } from "../pulumi/before-up";
import { deploy } from "../pulumi/deploy";
import { prepare } from "../pulumi/prepare";
import { foundSettings } from "../pulumi/told-settings";
import { settlingTime, wellBeing } from "../pulumi/well-being";
import { Clock } from "../ui/clock";
import { tell } from "./up";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface UpgradeOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** `v2.14.3` */
  version: string;
}

/** The settings with another image, all of them checked. */
const withImage = (stack: string, image: string) => foundSettings(stack, { config: [`image=${image}`] });

/**
 * Looks at everything that could stop an upgrade at one of its steps, before the first one.
 *
 * @throws Failure or SettingsError with the reasons
 */
async function planOf(
  known: KnownStack,
  { stack, version }: UpgradeOptions,
  sound: Sound,
): Promise<WalkPlan> {
  const { settings } = sound.found;
  if (settings.imageArchive)
    throw new Failure(
      `\`imageArchive\` has one version: set \`image\` and \`imageArchive\` to the next one, and \`${callOn(stack, "up")}\`, for each step`,
    );
  const present = sound.known?.image;
  const upgrades = upgradesOf(settings, settings.image ?? present ?? "");
  const plan = planWalk(present, settings.image, version, upgrades);
  say(shownPlan(plan, upgrades));
  for (const image of plan.images) await withImage(stack, image);
  const entries = await Promise.all(
    known.nodes.map(async (node) => [node.name, await endpointOf(node)] as const),
  );
  const endpoints = Object.fromEntries(entries);
  const found = await trapsOnNodes(endpoints, plan, upgrades, () => isUnfinished(endpoints));
  if (found.length > 0)
    throw new Failure(
      `${plan.from} cannot become ${plan.to} as it is, and nothing was touched:\n${found.join("\n")}`,
    );
  return plan;
}

/**
 * Moves the service to another version, while nobody else works on the stack, by all that must come between: an `up` for each,
 * with a look at the stack after it.
 *
 * @returns the exit code: 0, or 2 if it serves without a standby
 * @throws Failure if it was refused, and nothing was touched; or at the first step that does not succeed
 */
export async function upgrade(known: KnownStack, options: UpgradeOptions): Promise<number> {
  needsService(known, "there is no image to upgrade");
  const { stack, wait, version } = options;
  const clock = new Clock();
  const sound = await lookBeforeUp(stack, wait, say, ["upgrade", version]);
  const plan = await planOf(known, options, sound);
  const prepared = await prepare(sound.usesLab, clock, say);
  await walk(plan, {
    move: async (image) => {
      const found = await withImage(stack, image);
      await deploy({ ...sound, found, known: await sound.read() }, prepared, clock, say);
    },
    trouble: async () => {
      const report = await wellBeing(stack, prepared, settlingTime);
      if (typeof report === "string") return report;
      return report.state === "healthy" ? undefined : report.message;
    },
    say: (line) => say(forStack(line, stack)),
  });
  return tell(await wellBeing(stack, prepared));
}
