import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { run, tryRun } from "../../local/run";
import { median } from "../statistics";
import { benchCommand, say, whole } from "./command";
import { type Report, row, table } from "./report";

/** The last commit with the guard, shell scripts that did the agent's work before it. */
const lastGuard = "5354cef";

/** What test/agent/support/at_rest.py prints of one role. */
interface Rest {
  /** Seconds of the processor. */
  cpu: number;
  /** Bytes of memory that are locked. */
  locked: number;
  /** Processes that were started. */
  started: number;
}

type Roles = Record<"standby" | "active", Rest>;

/** What observers cost is told beside their agents. */
type Observed = Roles & Record<"standbyObserver" | "activeObserver", Rest>;

const rest = async <Told>(seconds: number, ...args: string[]): Promise<Told> => {
  const program = join(packageRoot, "test", "agent", "support", "at_rest.py");
  const [kind, ...more] = args;
  const words = [program, kind ?? "", String(seconds), ...more];
  const { stdout } = await run("python3", words, { timeout: (seconds + 300) * 1000 });
  return JSON.parse(stdout) as Told;
};

/** The guard's files, from git. @throws Failure without them */
async function guardFiles(folder: string): Promise<void> {
  const archive = join(folder, "guard.tar");
  const paths = ["node", "test/guard/fakes"];
  const made = await tryRun("git", ["archive", "--output", archive, lastGuard, ...paths], {
    cwd: packageRoot,
  });
  if (made.code !== 0) {
    throw new Failure(
      `The guard is the baseline, and is not in this repository any more but in its history: ${made.stderr.trim()}. ` +
        `Run this in a clone of it that has the commit ${lastGuard}.`,
    );
  }
  await run("tar", ["--extract", "--file", archive, "--directory", folder]);
}

/** What agent and lease process cost with an observer beside them, and what that one costs itself. */
function observedRows(seconds: number, agents: Roles[], observed: Observed[]) {
  return (["standby", "active"] as const).flatMap((role) => {
    const cpu = (all: Roles[]): number[] => all.map((each) => (each[role].cpu / seconds) * 1000);
    const own = observed.map((each) => (each[`${role}Observer`].cpu / seconds) * 1000);
    return [
      row(`${role}: agent beside its observer, processor`, "ms/s", cpu(observed), median(cpu(agents))),
      row(`${role}: observer, processor`, "ms/s", own),
    ];
  });
}

/** The rows of some rounds, the guard's before the agent's that are compared with them. */
function report(seconds: number, guards: Roles[], agents: Roles[], observed: Observed[]): Report {
  const rows = (["standby", "active"] as const).flatMap((role) => {
    const cpu = (all: Roles[]): number[] => all.map((each) => (each[role].cpu / seconds) * 1000);
    const started = (all: Roles[]): number[] => all.map((each) => (each[role].started / seconds) * 60);
    return [
      row(`${role}: guard, processor`, "ms/s", cpu(guards)),
      row(`${role}: agent, processor`, "ms/s", cpu(agents), median(cpu(guards))),
      row(`${role}: guard, started`, "processes/min", started(guards)),
      row(`${role}: agent, started`, "processes/min", started(agents), median(started(guards))),
      row(
        `${role}: agent, locked memory`,
        "MB",
        agents.map((each) => each[role].locked / 1e6),
      ),
    ];
  });
  return {
    name: `at rest, agent and guard, ${seconds} s each`,
    rows: [...rows, ...observedRows(seconds, agents, observed)],
  };
}

export const bench = benchCommand(
  "agent",
  "what agent and lease process cost at rest; baseline: the guard before them",
)
  .option("--seconds <number>", "how long each is looked at", whole, 30)
  .option("--rounds <number>", "how often", whole, 3)
  .action(async ({ seconds, rounds, json }: { seconds: number; rounds: number; json?: boolean }) => {
    const folder = mkdtempSync(join(tmpdir(), "ha-rancher-guard-"));
    try {
      await guardFiles(folder);
      const guards: Roles[] = [];
      const agents: Roles[] = [];
      const observed: Observed[] = [];
      for (let i = 1; i <= rounds; i++) {
        say(`round ${i} of ${rounds}`);
        guards.push(await rest<Roles>(seconds, "guard", folder));
        agents.push(await rest<Roles>(seconds, "agent"));
        observed.push(await rest<Observed>(seconds, "observed"));
      }
      const found = report(seconds, guards, agents, observed);
      process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : table(found));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
