import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { haRancher, mustEndWell, WholeStack } from "../rig/stack/whole-stack";
import { fourDigits, median } from "../statistics";
import { benchCommand, say, whole } from "./command";
import { type Report, type Row, row, table } from "./report";
import { secondsOf } from "./stopwatch";

/*
 * What this program adds to an empty Pulumi program where nothing changes: in a preview of the whole stack, and in a second
 * `ha-rancher up`. The stack is made on paper (drill/rig/stack), and measured with the real providers. The baseline is a program
 * without a resource, measured in turn with the others, so that whatever else this machine does falls on all of them.
 *
 * What the preview takes beyond that, in the order of a trace (`pulumi --logtostderr -v=9`), as shares with Node 20:
 *
 * | part | share |
 * |---|---|
 * | the program: loads its modules, declares components | 18 % |
 * | the process of the dynamic resources starts, and loads this project's code at its first question | 23 % |
 * | three processes of plugins start: one for Docker on each node, one for commands | 34 % |
 * | 44 resources, two questions for each | 15 % |
 * | what the nodes are asked, and the end | 10 % |
 *
 * Pulumi starts the processes one after the other and waits for each, though all resources are declared at once: its plugin host
 * has one queue of plugins to load, and one thread takes all steps. So the least possible is the sum of their starts. Where
 * Pulumi's own plugins run they are programs in Go; the stand-ins are the lab's, in Node, and half of their start is Node's own.
 * The last row measures them in each round: what of the previews and the `up` is the lab's alone.
 */

/** A project whose program declares nothing. */
async function emptyProject({ folder, realEnv }: WholeStack): Promise<string> {
  const project = join(folder, "empty");
  mkdirSync(join(project, "node_modules", "@pulumi"), { recursive: true });
  const sdk = join("@pulumi", "pulumi");
  symlinkSync(join(packageRoot, "node_modules", sdk), join(project, "node_modules", sdk));
  writeFileSync(join(project, "index.js"), 'require("@pulumi/pulumi");\n');
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true }));
  const runtime = "runtime: { name: nodejs, options: { typescript: false } }";
  writeFileSync(join(project, "Pulumi.yaml"), `name: empty\n${runtime}\nmain: index.js\n`);
  const options = { cwd: project, env: realEnv };
  await run("pulumi", ["stack", "init", "empty"], options);
  await run("pulumi", ["up", "--yes", "--skip-preview", "--stack", "empty"], options);
  return project;
}

const cases = {
  empty: "preview of an empty program, the baseline",
  whole: "preview of the whole stack, nothing to change",
  judged: "the same with the policies",
  up: "second up",
} as const;

type Case = keyof typeof cases;

const plugins = "in each of them but the first: starts of the lab's stand-ins for plugins";

/** Seconds until the plugins of a preview listen, which are started one after the other: Docker's for each node. */
async function startsOfPlugins({ project, realEnv: env }: WholeStack): Promise<number> {
  const wanted = wantedPlugins(env).flatMap((one) => (one.name === "docker" ? [one, one] : [one]));
  let seconds = 0;
  for (const { name, folder } of wanted) {
    const program = join(folder, `pulumi-resource-${name}`);
    seconds += await secondsOf(async () => {
      const child = spawn(program, { cwd: project, env, stdio: ["ignore", "pipe", "inherit"] });
      // Its port; it ends when its parent does, and is ended here.
      await once(child.stdout, "data");
      child.kill();
    });
  }
  return seconds;
}

/** What a command took, seconds: by the clock, and of the processor with all that it started. */
interface Took {
  clock: number;
  processor: number;
}

/** Processor time of all that a shell has started, as its `times` prints it: user and system. */
function processorOf(printed: string): number {
  const children = printed.trimEnd().split("\n").at(-1) ?? "";
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
}

/** Each case as a command that must end well. */
function commands(stack: WholeStack, empty: string): Record<Case, string[]> {
  const preview = ["preview", "--non-interactive", "--expect-no-changes"];
  const of = (project: string, ...more: string[]): string[] => [
    "pulumi",
    "--cwd",
    project,
    ...preview,
    ...more,
  ];
  return {
    empty: of(empty, "--stack", "empty"),
    whole: of(stack.project, "--stack", stack.name),
    judged: of(stack.project, "--stack", stack.name, "--policy-pack", join(packageRoot, "policy")),
    up: haRancher("up", "--stack", stack.name, "--config-file", stack.settingsFile),
  };
}

async function timed(stack: WholeStack, command: string[]): Promise<Took> {
  const script = '"$@"; code=$?; times >&2; exit $code';
  let processor = 0;
  const clock = await secondsOf(async () => {
    const result = await stack.real("sh", "-c", script, "sh", ...command);
    mustEndWell(result);
    processor = processorOf(result.stderr);
  });
  return { clock, processor };
}

/** Seconds that each round of a case took beyond the baseline of that round. */
const beyond = (name: string, seconds: number[], baseline: number[]): Row =>
  row(
    `${name}: beyond the baseline of its round`,
    "s",
    seconds.map((each, i) => each - (baseline[i] ?? 0)),
  );

/** By the clock, beyond the baseline, and of the processor, which other programs on this machine do not lengthen. */
function rowsOf(name: Case, times: Record<Case, Took[]>): Row[] {
  const of = (one: Case, kind: keyof Took): number[] => times[one].map((took) => took[kind]);
  const [clock, processor, isBaseline] = [of(name, "clock"), of(name, "processor"), name === "empty"];
  const ratio = (kind: keyof Took) => (isBaseline ? undefined : median(of("empty", kind)));
  return [
    row(cases[name], "s", clock, ratio("clock")),
    ...(isBaseline ? [] : [beyond(cases[name], clock, of("empty", "clock"))]),
    row(`${cases[name]}: processor`, "s", processor, ratio("processor")),
  ];
}

async function measure(rounds: number): Promise<Report> {
  say("making the stack");
  const stack = await WholeStack.make("bench-up");
  try {
    await stack.up();
    const run = commands(stack, await emptyProject(stack));
    const names = Object.keys(cases) as Case[];
    const times: Record<Case, Took[]> = { empty: [], whole: [], judged: [], up: [] };
    const starts: number[] = [];
    // The first round is for what is remembered: the policies' verdict, the toolchain, the files in memory.
    for (let round = 0; round <= rounds; round++) {
      const started = await startsOfPlugins(stack);
      if (round > 0) starts.push(started);
      for (const name of names) {
        const took = await timed(stack, run[name]);
        if (round > 0) times[name].push(took);
        const when = round === 0 ? "warm-up" : `round ${round} of ${rounds}`;
        say(
          `${when}, ${cases[name]}: ${fourDigits(took.clock)} s, processor ${fourDigits(took.processor)} s`,
        );
      }
    }
    return { name: "up", rows: [...names.flatMap((name) => rowsOf(name, times)), row(plugins, "s", starts)] };
  } finally {
    await stack.close();
  }
}

export const bench: Command = benchCommand(
  "up",
  "a preview and a second up of the whole stack without changes; baseline: an empty program",
)
  .option("--rounds <number>", "how often", whole, 5)
  .action(async ({ rounds, json }: { rounds: number; json?: boolean }) => {
    const found = await measure(rounds);
    process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : table(found));
  });
