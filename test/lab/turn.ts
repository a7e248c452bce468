import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { stopLab } from "../../lab";
import { layout } from "../../lab/layout";
import { withLock } from "../../local/lock";
import { labHome } from "../../local/paths";

/*
 * There is one lab for tests, since there is one of each address in it. A run of tests that was killed leaves its machines
 * there, and their shared data: the next run would go on with both, and know nothing of them.
 */

export const labOfTests = "test";

const say = (line: string): void => console.log(`lab ${labOfTests}: ${line}`);

let end: (() => void) | undefined;

/** Waits until no other test has the lab, and removes what is left of one that was killed. */
export async function takeTurn(): Promise<void> {
  process.env.HA_RANCHER_LAB_NAME = labOfTests;
  const waits = () => say("another run of the tests has it: waiting for its end");
  await new Promise<void>((taken, failed) => {
    const turn = async (): Promise<void> => {
      taken();
      await new Promise<void>((over) => {
        end = over;
      });
    };
    withLock(dirname(labHome()), "turn-of-tests", turn, waits).catch(failed);
  });
  await stopLab(say);
  for (const folder of [join(labHome(), "machines"), layout(labHome()).nfs.home])
    rmSync(folder, { recursive: true, force: true });
}

/** Lets the next test have the lab. */
export const endTurn = (): void => end?.();
