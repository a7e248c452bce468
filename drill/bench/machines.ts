import { cpSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { run } from "../../local/run";
import { mustEndWell, TestStack } from "../rig/vagrant/test-stack";
import { median } from "../statistics";
import { simpleBench } from "./command";
import { type Report, type Row, row } from "./report";
import { secondsOf } from "./stopwatch";

/*
 * What `vagrant.Machine` adds to Vagrant. The real Pulumi CLI and the real provider process run with a fake `vagrant`
 * whose machines take no time to boot. The baselines are a Pulumi program without a machine, and the same commands
 * given to the same `vagrant` by hand.
 */

const sizes = [1, 10, 100];
const repeats = 3;

const times = async (action: () => Promise<unknown>): Promise<number[]> => {
  const all: number[] = [];
  for (let i = 0; i < repeats; i++) all.push(await secondsOf(action));
  return all;
};

const preview = async (stack: TestStack): Promise<string> => mustEndWell(await stack.pulumi("preview"));

/** Runs `vagrant` by hand, one command for each machine, as many at a time as Pulumi does. */
async function byHand(stack: TestStack, folder: string, names: string[], ...args: string[]): Promise<void> {
  const rest = [...names];
  const work = async (): Promise<void> => {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const [command = "", ...others] = args;
      await run("vagrant", [command, name, ...others], { cwd: join(folder, name), env: stack.env });
    }
  };
  await Promise.all(Array.from({ length: 4 * cpus().length }, work));
}

/** Processor time of a command and its children, in seconds. Other programs on this machine do not count. */
async function processorTime(stack: TestStack, ...args: string[]): Promise<number> {
  const script = '"$0" "$@" > /dev/null 2>&1 && times';
  const { stdout } = await run("sh", ["-c", script, ...args], { cwd: stack.folder, env: stack.env });
  const [, children = ""] = stdout.trim().split("\n");
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
}

interface Figures {
  rows: Row[];
  /** Seconds of a preview that changes nothing, by the clock and of the processor. */
  unchanged: { clock: number; processor: number };
}

async function measure(size: number, empty: number, say: (line: string) => void): Promise<Figures> {
  const stack = await TestStack.make(`bench-${size}`);
  const rows: Row[] = [];
  // Shown at once, since the largest size takes minutes.
  const note = (what: string, unit: Row["unit"], values: readonly number[], baseline?: number): void => {
    const made = row(`${what} of ${size}`, unit, values, baseline);
    rows.push(made);
    say(`${made.case}: ${made.median} ${unit}`);
  };
  try {
    const names = Array.from({ length: size }, (_, i) => `m${i + 1}`);
    for (const [i, name] of names.entries())
      await stack.add(name, `127.1.${Math.floor(i / 200)}.${(i % 200) + 10}`, { provision: "echo" });

    note("preview", "s", await times(() => preview(stack)), empty);
    const watch = stack.watchProvider();
    const up = await secondsOf(() => stack.mustUp());
    note("peak memory of the provider's process, up", "MB", [watch.stop()]);
    const unchanged = await times(() => stack.mustBeUnchanged());
    note("preview without changes", "s", unchanged, empty);
    const processor: number[] = [];
    for (let i = 0; i < repeats; i++)
      processor.push(
        await processorTime(stack, "pulumi", "preview", "--expect-no-changes", "--non-interactive"),
      );
    note("preview without changes, processor time", "s", processor);
    const refresh = await times(() => stack.mustRefresh());
    const folder = join(stack.folder, "by-hand");
    cpSync(join(stack.folder, "machines"), folder, { recursive: true });
    const destroy = await secondsOf(() => stack.mustDestroy());

    const byVagrant = (...args: string[]) => secondsOf(() => byHand(stack, folder, names, ...args));
    note("up", "s", [up], await byVagrant("up", "--provider", "libvirt"));
    note("refresh", "s", refresh, await byVagrant("status"));
    note("destroy", "s", [destroy], await byVagrant("destroy", "--force"));
    return { rows, unchanged: { clock: median(unchanged), processor: median(processor) } };
  } finally {
    await stack.close();
  }
}

/** Preview, up, refresh and destroy of 1, 10 and 100 machines. */
async function machines(say: (line: string) => void): Promise<Report> {
  say("preview of nothing");
  const nothing = await TestStack.make("bench-0");
  let empty: number[];
  try {
    await nothing.mustUp();
    empty = await times(() => nothing.mustBeUnchanged());
  } finally {
    await nothing.close();
  }
  const rows = [row("preview of 0, the baseline of previews", "s", empty)];
  const unchanged: Figures["unchanged"][] = [];
  for (const size of sizes) {
    const figures = await measure(size, median(empty), say);
    rows.push(...figures.rows);
    unchanged.push(figures.unchanged);
  }
  const each = (kind: keyof Figures["unchanged"]): number => {
    const [one = Number.NaN, , hundred = Number.NaN] = unchanged.map((figures) => figures[kind]);
    return ((hundred - one) / 99) * 1000;
  };
  rows.push(row("preview without changes, each further machine", "ms", [each("clock")]));
  rows.push(row("preview without changes, each further machine, processor time", "ms", [each("processor")]));
  return { name: "machines", rows };
}

export const bench = simpleBench(
  "machines",
  "what the machines' provider adds to Vagrant, for 1, 10 and 100 machines",
  machines,
);
