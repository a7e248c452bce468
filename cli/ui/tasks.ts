import type * as Listr2 from "listr2";

/** A step with its progress. The steps of a sequence run one after the other, all others in parallel. */
export interface Task {
  title: string;
  /** @param say shows a line of progress below the title */
  run?: (say: (line: string) => void) => Promise<void>;
  /** Steps of this one. */
  sequence?: Task[];
  sideBySide?: Task[];
}

type Shown = Listr2.ListrTask<
  object,
  Listr2.ListrGetRendererClassFromValue<"default">,
  Listr2.ListrGetRendererClassFromValue<"simple">
>;

function forListr(task: Task, hasFailed: () => boolean): Shown {
  const { title, run, sequence, sideBySide } = task;
  const inner = (tasks: Task[]): Shown[] => tasks.map((each) => forListr(each, hasFailed));
  return {
    title,
    skip: hasFailed,
    task: (_context, listr) => {
      if (sequence) return listr.newListr(inner(sequence), { concurrent: false, exitOnError: false });
      if (sideBySide) return listr.newListr(inner(sideBySide), { concurrent: true, exitOnError: false });
      return run?.((line) => {
        // Without a terminal the lines of all tasks are mixed: each begins with the name of its task.
        listr.output = process.stdout.isTTY ? line : `${title}: ${line}`;
      });
    },
  };
}

/**
 * Runs tasks in parallel and shows their progress. When one fails, no further task starts. Running tasks are finished,
 * since their results are kept for the next time. Then the first failure is thrown.
 */
export async function runTasks(tasks: Task[]): Promise<void> {
  let failure: unknown;
  let failed = false;
  const watched = (task: Task): Task => ({
    ...task,
    sequence: task.sequence?.map(watched),
    sideBySide: task.sideBySide?.map(watched),
    run:
      task.run &&
      (async (say) => {
        try {
          await task.run?.(say);
        } catch (error) {
          if (!failed) failure = error;
          failed = true;
          throw error;
        }
      }),
  });
  // Loaded only when it is needed: that takes a tenth of a second.
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = require("listr2") as typeof Listr2;
  // To stderr: stdout has only the result of a command, which a program may read.
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  const logger = new ListrLogger({ useIcons: true, toStderr: [], processOutput });
  const list = new Listr<object, "default", "simple">(
    tasks.map((task) => forListr(watched(task), () => failed)),
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      fallbackRenderer: "simple",
      rendererOptions: { logger, timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false },
      fallbackRendererOptions: { logger, timer: PRESET_TIMER },
    },
  );
  await list.run();
  if (failed) throw failure;
}
