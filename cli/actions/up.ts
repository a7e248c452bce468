import { offerOfficial } from "../../lab/image/official";
import { recordMaker } from "../../stack/makers";
import { lookBeforeUp, type Sound } from "../pulumi/before-up";
import { deploy } from "../pulumi/deploy";
import { prepare } from "../pulumi/prepare";
import type { Surroundings } from "../pulumi/surroundings";
import type { SettingsOptions } from "../pulumi/told-settings";
import { working } from "../pulumi/turn";
import { settlingTime, wellBeing } from "../pulumi/well-being";
import { Clock, timingsFile } from "../ui/clock";
import { colors } from "../ui/colors";
import type { StatusReport } from "../ui/status-table";
import { summary } from "../ui/summary";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface UpOptions extends SettingsOptions {
  stack: string;
  /** Wait for another run of Pulumi on the stack. */
  wait?: boolean;
}

/** In the lab, an image that nobody can download there. */
async function offerImage({ found }: Sound, { lab }: Surroundings): Promise<void> {
  const { image, workload } = found.settings;
  if (lab && image !== undefined && workload !== "rancher") await offerOfficial(image, lab, say);
}

/**
 * Says how the stack is after an update, and whether it has a standby.
 *
 * @returns the exit code: 2 if it serves without a standby
 */
export function tell(report: StatusReport | string): number {
  if (typeof report === "string") {
    say(colors.yellow(`Whether there is a standby could not be told: ${report}`));
    return 0;
  }
  const { state, message, remarks, standings } = report;
  const ready = standings.flatMap(({ name, as }) => (as === "standby" ? [name] : []));
  const rest =
    ready.length > 0 ? `; ${ready.join(" and ")} ${ready.length > 1 ? "are" : "is"} ready to take over` : "";
  for (const remark of remarks) say(colors.yellow(remark));
  say(state === "healthy" ? colors.green(`${message}${rest}`) : colors.yellow(`${message}${rest}`));
  // Nobody takes over while agents are paused.
  return state === "no-standby" || state === "paused" ? 2 : 0;
}

/**
 * Makes everything that the stack needs and then the stack itself, or changes the stack to match its settings.
 *
 * @returns the exit code: 0, or 2 if it serves without a standby
 */
export async function up({ stack, wait, ...options }: UpOptions): Promise<number> {
  const clock = new Clock();
  let ok = false;
  let code = 0;
  try {
    const sound = await lookBeforeUp(stack, wait, say, ["up"], options);
    const { usesLab, backend, turn, read } = sound;
    const surroundings = await working(backend, stack, "up", turn, async () => {
      recordMaker(stack);
      const prepared = await prepare(usesLab, clock, say);
      await offerImage(sound, prepared);
      await deploy(sound, prepared, clock, say);
      return prepared;
    });
    say(summary({ stack, outputs: (await read())?.outputs ?? {}, usesLab }));
    ok = true;
    code = tell(await clock.phase("standby", () => wellBeing(stack, surroundings, settlingTime)));
  } finally {
    clock.save("up", stack, ok);
  }
  say(colors.bold("Times"));
  for (const line of clock.table()) say(`  ${line}`);
  say(colors.dim(`  (kept in ${timingsFile()})`));
  return code;
}
