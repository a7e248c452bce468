import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Action, Cast, Fault } from "../../drill/faults";
import type { ObserverOrder, Seen } from "../../drill/probes/observer";
import { Sampler } from "../../drill/probes/sampler";
import type { Sample } from "../../drill/probes/samples";
import { compareWrites, storedNumbers, type Write } from "../../drill/probes/writes";
import { startGanesha } from "../../lab/ganesha";
import { layout, privateNetwork } from "../../lab/layout";
import { inodeOf } from "../../lab/namespace";
import { clock } from "../../system/clock";
import { labHome } from "../../system/paths";
import { packageRoot } from "../../system/root";
import { type RunResult, tryRun } from "../../system/run";
import { healthy, inLab, labNamespace } from "../lab/command";

/** What one fault did, once. */
export interface Trial {
  fault: string;
  sent: number;
  acknowledged: number;
  /** Acknowledged, and not there afterwards. */
  lost: number[];
  /** Milliseconds with containers running on two nodes. */
  twoContainers: number;
  /** Longest time without an acknowledged write, milliseconds. */
  gap: number;
  /** Epochs, and who had each, in the order in which they were seen. */
  epochs: [epoch: number, node: string][];
  holders: string[];
}

interface LabNode {
  name: string;
  address: string;
  /** Words of a command line that logs in. */
  ssh: string[];
}

/** The stack's nodes, as its outputs name them. */
export async function labNodes(): Promise<LabNode[]> {
  const { stdout } = await inLab("pulumi", "stack", "output", "nodes", "--json");
  const nodes = JSON.parse(stdout) as { name: string; address: string; ssh: string }[];
  return nodes.map(({ name, address, ssh }) => ({ name, address, ssh: ssh.split(" ") }));
}

/** Runs a shell command as root on a node, with what it gets as standard input. */
export async function asRoot(node: LabNode, command: string, input = ""): Promise<RunResult> {
  const [program = "ssh", ...rest] = node.ssh;
  const argv = [
    "netns",
    "exec",
    labNamespace,
    program,
    "-o",
    "ConnectTimeout=5",
    "-o",
    "BatchMode=yes",
    ...rest,
  ];
  return await tryRun("ip", [...argv, `sudo -n ${command}`], { input, timeout: 60_000 });
}

/** The libvirt domain of a node. */
export async function domainOf(name: string): Promise<string> {
  const { stdout } = await inLab("virsh", "list", "--all", "--name");
  return (
    stdout.split("\n").find((domain) => domain.includes(name)) ??
    assert.fail(`no domain of ${name}: ${stdout}`)
  );
}

/** Prints the id of the container that a node's guard runs. */
const inspect = ". /etc/ha-rancher/guard.conf && docker container inspect --format {{.Id}} $CONTAINER";

/** Seconds in which a stack is to be healthy after a fault. */
export const healthyWithin = 240;

const virshVerbs: Record<string, string> = {
  ...{ "power-off": "destroy", "power-on": "start", pause: "suspend", resume: "resume" },
};

/** Does one thing of a fault to the lab. */
async function carryOut(action: Action, nodes: LabNode[]): Promise<void> {
  if (action.at === "machine") {
    const verb = virshVerbs[action.verb] ?? assert.fail(`no ${action.verb} here`);
    const domain = await domainOf(action.node);
    const state = (await inLab("virsh", "domstate", domain)).stdout.trim();
    // What was fenced meanwhile is not resumed but started.
    const fenced = verb === "resume" && state === "shut off";
    const { code, stderr } = await inLab("virsh", fenced ? "start" : verb, domain);
    assert.equal(code, 0, stderr);
    return;
  }
  if (action.at === "server") {
    const paths = layout(labHome());
    if (action.verb === "kill") process.kill(Number(readFileSync(paths.nfs.pidFile, "utf8")), "SIGKILL");
    else {
      const inode = inodeOf(labNamespace) ?? assert.fail("no lab");
      await startGanesha(paths, { name: labNamespace, inode }, privateNetwork.hostAddress);
    }
    return;
  }
  const node = nodes.find(({ name }) => name === action.node) ?? assert.fail(action.node);
  const script = readFileSync(join(packageRoot, "drill", "nodes", "fault"), "utf8");
  const { code, stderr } = await asRoot(
    node,
    `bash -s -- ${[action.verb, ...action.args].join(" ")}`,
    script,
  );
  assert.equal(code, 0, `${action.verb} on ${node.name}: ${stderr}`);
}

/** A client in the lab's network that writes numbers through the VIP, one after the other. */
export class Client {
  readonly writes: Write[] = [];
  private readonly child: ChildProcess;

  constructor(order: ObserverOrder) {
    const observer = join(packageRoot, "dist", "drill", "probes", "observer.js");
    const argv = ["netns", "exec", labNamespace, process.execPath, observer, JSON.stringify(order)];
    this.child = spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        const seen = JSON.parse(line) as Seen;
        if (seen.kind === "ready") this.child.stdin?.write("go\n");
        if (seen.kind === "write") this.writes.push(seen);
      });
  }

  acknowledgedSince(when: number): boolean {
    return this.writes.some(({ outcome, sent }) => outcome === "yes" && sent > when);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin?.write("stop\n");
    await ended;
  }
}

/** Milliseconds in which both say that their container runs; a sample holds until the next one, at most for `stale`. */
export function overlap(one: readonly Sample[], other: readonly Sample[], stale = 1_000): number {
  const spans = (samples: readonly Sample[]): [number, number][] =>
    samples.flatMap(({ at, container }, i): [number, number][] =>
      container ? [[at, Math.min(samples[i + 1]?.at ?? at, at + stale)]] : [],
    );
  let total = 0;
  for (const [from, to] of spans(one))
    for (const [begin, end] of spans(other)) total += Math.max(0, Math.min(to, end) - Math.max(from, begin));
  return total;
}

/** Epochs with their owners, as guards said them, each once. */
export function epochsOf(samples: ReadonlyMap<string, readonly Sample[]>): [number, string][] {
  const all = [...samples].flatMap(([node, seen]) => seen.map((sample) => ({ node, ...sample })));
  const found: [number, string][] = [];
  for (const { node, lease, epoch } of all.sort((a, b) => a.at - b.at))
    if (lease && epoch && !found.some(([known, owner]) => known === epoch && owner === node))
      found.push([epoch, node]);
  return found;
}

/** Longest time without an acknowledged write, milliseconds. */
export function longestGap(writes: readonly Write[]): number {
  const times = writes.filter(({ outcome }) => outcome === "yes").map(({ answered }) => answered);
  return Math.max(0, ...times.slice(1).map((time, i) => time - (times[i] ?? time)));
}

/** Lets one fault happen to a healthy stack, and tells what came of it; leaves the stack healthy. */
export async function runTrial(fault: Fault, url: string, number: number): Promise<Trial> {
  const before = await healthy(healthyWithin);
  const nodes = await labNodes();
  const actors = nodes.map(({ name, address }) => ({ name, address, sshPort: 22 }));
  const holder = actors.find(({ name }) => name === before.holders[0]) ?? assert.fail("no holder");
  const standby = actors.find((actor) => actor !== holder) ?? assert.fail("no standby");
  const cast: Cast = { holder, standby, all: actors };

  const samplers = new Map<string, Sampler>();
  for (const node of nodes) {
    const { stdout } = await asRoot(node, `sh -c '${inspect}'`);
    const [program = "ssh", ...rest] = node.ssh;
    const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-o", "ServerAliveInterval=1"];
    const args = ["netns", "exec", labNamespace, program, ...options, ...rest, "sudo", "-n"];
    samplers.set(node.name, new Sampler({ command: "ip", args }, stdout.trim()));
  }
  const run = `${fault.name}-${number}`;
  const client = new Client({ vip: new URL(url).hostname, url, run });
  try {
    await until(
      () => client.writes.length > 20 && [...samplers.values()].every(({ follows }) => follows),
      60,
    );
    const begin = clock();
    try {
      for (const action of fault.inject(cast)) await carryOut(action, nodes);
      // In flight when it began is not after it.
      if (fault.lasts === "served") await until(() => client.acknowledgedSince(begin + 3_000), 180);
      else await sleep(fault.lasts * 1000);
    } finally {
      for (const action of fault.heal(cast)) await carryOut(action, nodes);
    }
    const { holders } = await healthy(healthyWithin);
    const healed = clock();
    await until(() => client.acknowledgedSince(healed), 60);
    await until(() => [...samplers.values()].every(({ follows }) => follows), 60);
    await client.stop();
    const stored = await inLab("curl", "-skf", "-m", "30", `${url}/kv/drill/${run}`);
    assert.equal(stored.code, 0, stored.stderr);
    const { sent, acknowledged, lost } = compareWrites(client.writes, storedNumbers(stored.stdout));
    const samples = new Map([...samplers].map(([name, sampler]) => [name, sampler.samples]));
    const [one = [], other = []] = [...samples.values()];
    const twoContainers = overlap(one, other);
    const epochs = epochsOf(samples);
    return {
      ...{ fault: fault.name, sent, acknowledged, lost, twoContainers },
      gap: longestGap(client.writes),
      epochs,
      holders,
    };
  } finally {
    for (const sampler of samplers.values()) sampler.end();
    await client.stop().catch(() => undefined);
  }
}

/** Waits until something is so, at most so many seconds. */
export async function until(condition: () => boolean, seconds: number): Promise<void> {
  const end = clock() + seconds * 1000;
  while (!condition()) {
    assert.ok(clock() < end, `it did not come within ${seconds} s`);
    await sleep(100);
  }
}

/** The trials as a table, a line for each fault. */
export function trialTable(trials: readonly Trial[]): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  const names = [...new Set(trials.map(({ fault }) => fault))];
  return [
    "| fault | n | writes acknowledged | lost | two containers, s at most | service away, s: median, at most |",
    "|---|---|---|---|---|---|",
    ...names.map((name) => {
      const own = trials.filter(({ fault }) => fault === name);
      const gaps = own.map(({ gap }) => gap).sort((a, b) => a - b);
      const sum = (of: (trial: Trial) => number): number =>
        own.reduce((total, trial) => total + of(trial), 0);
      const cells = [
        name,
        own.length,
        sum(({ acknowledged }) => acknowledged),
        sum(({ lost }) => lost.length),
      ];
      const two = seconds(Math.max(...own.map(({ twoContainers }) => twoContainers)));
      return `| ${[...cells, two, `${seconds(gaps[Math.floor(gaps.length / 2)] ?? 0)}, ${seconds(gaps.at(-1) ?? 0)}`].join(" | ")} |`;
    }),
  ].join("\n");
}
