import { recordMaker } from "../../stack/makers";
import { lookBeforeUp } from "../pulumi/before-up";
import { deploy } from "../pulumi/deploy";
import { prepare } from "../pulumi/prepare";
import { working } from "../pulumi/turn";
import { Clock, timingsFile } from "../ui/clock";
import { colors } from "../ui/colors";
import { summary } from "../ui/summary";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface UpOptions {
  stack: string;
  /** Wait for another run of Pulumi on the stack. */
  wait?: boolean;
}

/** Makes everything that the stack needs and then the stack itself, or changes the stack to match its settings. */
export async function up({ stack, wait }: UpOptions): Promise<void> {
  const clock = new Clock();
  let ok = false;
  try {
    const sound = await lookBeforeUp(stack, wait, say);
    const { usesLab, backend, turn, read } = sound;
    await working(backend, stack, "up", turn, async () => {
      recordMaker(stack);
      await deploy(sound, await prepare(usesLab, clock, say), clock, say);
    });
    say(summary({ stack, outputs: (await read())?.outputs ?? {}, usesLab }));
    ok = true;
  } finally {
    clock.save("up", stack, ok);
  }
  say(colors.bold("Times"));
  for (const line of clock.table()) say(`  ${line}`);
  say(colors.dim(`  (kept in ${timingsFile()})`));
}
