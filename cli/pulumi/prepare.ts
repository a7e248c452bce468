import { buildBox, currentLab, installPackages, type LabDescription, runningLab, startLab } from "../../lab";
import { plannedBox } from "../../lab/box";
import { buildImage } from "../../lab/image/build";
import { installPlugins, mayStandIn } from "../../lab/plugins/install";
import { preflight } from "../../lab/preflight";
import { labHome, labName } from "../../local/paths";
import { ensureToolchain, rememberedToolchain, type Toolchain } from "../../local/toolchain";
import type { Clock } from "../ui/clock";
import { runTasks, type Task } from "../ui/tasks";
import { cliOf, type Surroundings } from "./surroundings";

type Say = (line: string) => void;

/** The result of a task, for use after the tasks have run. */
class Result<T> {
  private value: T | undefined;
  set(value: T): void {
    this.value = value;
  }
  get(): T {
    if (this.value === undefined) throw new Error("a step that has not run was asked for its result");
    return this.value;
  }
}

/** Installs plugins in our PULUMI_HOME. This process downloads them, since the lab has no internet access. */
async function plugins(toolchain: Toolchain, inLab: boolean, say: Say): Promise<void> {
  const { pulumi, env } = cliOf({ toolchain, lab: undefined });
  await installPlugins({ pulumi, env, say, standIns: mayStandIn(inLab) });
}

/**
 * The tasks that prepare for Pulumi; they run in parallel where possible.
 *
 * @param usesLab the lab is to be started
 * @param inLab the stack runs in a lab, which may be this process's own
 */
function preparations(
  usesLab: boolean,
  inLab: boolean,
  clock: Clock,
): { tasks: Task[]; toolchain: () => Toolchain; lab: () => LabDescription | undefined } {
  const toolchain = new Result<Toolchain>();
  const lab = new Result<LabDescription>();
  const step = (title: string, phase: string, run: (say: Say) => Promise<void>): Task => ({
    title,
    run: (say) => clock.phase(phase, () => run(say)),
  });
  const tasks: Task[] = [
    {
      title: "Pulumi",
      sequence: [
        step("Command line", "toolchain", async (say) => toolchain.set(await ensureToolchain(say))),
        step("Plugins", "plugins", (say) => plugins(toolchain.get(), inLab, say)),
      ],
    },
  ];
  if (usesLab) {
    tasks.push({
      title: "Lab",
      sequence: [
        step("Debian packages", "lab packages", installPackages),
        {
          title: "Sources of machines",
          sideBySide: [
            step("Box", "lab box", async (say) => void (await buildBox(say))),
            step("Image", "lab image", async (say) => void (await buildImage(say))),
          ],
        },
        step("Start", "lab start", async (say) => lab.set(await startLab(say))),
      ],
    });
  }
  return { tasks, toolchain: () => toolchain.get(), lab: () => (usesLab ? lab.get() : undefined) };
}

/**
 * Makes sure that the toolchain is installed and, if the stack needs it, that the lab runs. If both are ready, this
 * takes milliseconds and shows nothing.
 */
export async function prepare(usesLab: boolean, clock: Clock, say: Say): Promise<Surroundings> {
  // In the lab's own shell the lab runs already, and cannot be changed from inside.
  const inside = currentLab();
  const inLab = usesLab || inside !== undefined;
  const toolchain = await rememberedToolchain();
  if (toolchain && (inside || !usesLab || runningLab())) {
    const [lab] = await clock.phase("preparation", () =>
      // If the lab runs, startLab only checks whether it was built from the present recipe.
      Promise.all([inside ?? (usesLab ? startLab(say) : undefined), plugins(toolchain, inLab, say)]),
    );
    return { toolchain, lab };
  }
  if (usesLab && !inside) await preflight(labName(), labHome(), !(await plannedBox()).built);
  const work = preparations(usesLab && !inside, inLab, clock);
  await runTasks(work.tasks);
  return { toolchain: work.toolchain(), lab: inside ?? work.lab() };
}
