import type * as Listr2 from "listr2";

/** A step with its progress; steps of a sequence run one after the other, the others side by side. */
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
        // Without a terminal the lines of all tasks come one after the other: each says whose it is.
        listr.output = process.stdout.isTTY ? line : `${title}: ${line}`;
      });
    },
  };
}

/**
 * Runs tasks side by side and shows how they stand. When one fails no further one starts, those that run are
 * finished (what they make is kept, and is not made again next time), and then the first failure is thrown.
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
  // Only when it is needed: loading it takes a tenth of a second.
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = require("listr2") as typeof Listr2;
  // To stderr: what a command is asked for goes to stdout, and may be read by a program.
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
