import { linkedProgram } from "../../domain/node-set";
import { currentLab } from "../../lab";
import { bareScript, installSet, runNodeScript } from "../../providers/remote/script";
import { asRoot, exec } from "../../providers/remote/ssh";
import { runScript } from "../../providers/vip/scripts";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { endpointOf, measure } from "../../stack/measure";
import type { RecordedMachine } from "../../stack/state";
import { holdersOf, judge } from "../../stack/verdict";
import type { Action, Actor, Need, Timing } from "../faults";
import { Sampler, type Shell, type Watch } from "../probes/sampler";
import { forgetWrites, readBack, takesWrites } from "../probes/writes";
import { findJoint, type Joint, startClient } from "./client";
import { glance } from "./glance";
import type { Ground } from "./ground";
import { controlMachine } from "./machines";
import { labServer, type Server } from "./server";

/** Milliseconds for a command on a node: an emulated one stops a container for half a minute. */
const commandLimit = 90_000;

/** Milliseconds for a look. One that is given up goes on at its node, and slows down what comes next. */
const lookLimit = 30_000;

/** A node from power-on to SSH; and the NFS server's grace time where we do not know it (the kernel's default). */
const bootLimit = 120_000;
const usualGrace = 90_000;

async function onNode(
  node: KnownNode,
  verb: string,
  args: string[],
  timeout = commandLimit,
): Promise<string> {
  const ssh = await endpointOf(node);
  const fault = { set: "drill", path: "drill/fault", limit: timeout } as const;
  return await runNodeScript(ssh, fault, [verb, ...args]);
}

/** What the drill runs on a node goes with it; from one that does not answer the end of the next drill takes it. */
async function takeSetOff(node: KnownNode): Promise<void> {
  try {
    await bareScript(await endpointOf(node), "host/set", ["remove", "drill"], { timeout: 30_000 });
  } catch {
    // Dead, or cut off still.
  }
}

/** Runs a plain command as root; gives what it printed, or undefined if it failed. */
async function ask(node: KnownNode, command: string): Promise<string | undefined> {
  const ssh = await endpointOf(node);
  const { code, stdout } = await exec(ssh, asRoot(ssh, command), { timeout: 30_000 });
  return code === 0 ? stdout.trim() : undefined;
}

/** The connection that a sampler keeps: it must survive a pause, and be given up when its node is gone. */
const sshOf = ({ user, address, host = address, port, keyFile, knownHostsFile }: KnownNode): Shell => ({
  command: "ssh",
  args: [
    ...["-i", keyFile, "-p", String(port)],
    ...[
      `UserKnownHostsFile=${knownHostsFile}`,
      ...[
        "BatchMode=yes",
        "ConnectTimeout=5",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=6",
        "LogLevel=ERROR",
      ],
    ].flatMap((option) => ["-o", option]),
    `${user}@${host}`,
    ...(user === "root" ? [] : ["sudo -n"]),
  ],
});

/** The guard's times as the nodes have them. */
function timingOf(stack: KnownStack, limits: string, grace: number): Timing {
  const milliseconds = Object.fromEntries(
    [...limits.matchAll(/^([A-Z_]+)=(\d+)$/gm)].map(([, key = "", value]) => [
      key.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      Number(value),
    ]),
  );
  const { crash = 1, planned = 0.2 } = stack.takeover ?? {};
  return {
    ...(milliseconds as Omit<Timing, "crash" | "planned" | "grace" | "boot">),
    ...{ crash: crash * 1000, planned: planned * 1000, grace, boot: bootLimit },
  };
}

function without(
  machines: Map<string, RecordedMachine>,
  stack: KnownStack,
  server: Server | undefined,
): Map<Need, string> {
  const hosts = stack.nodes.filter(({ name }) => !machines.has(name)).map(({ name }) => name);
  const cannot = new Map<Need, string>();
  if (hosts.length)
    for (const need of ["pause", "link"] as const)
      cannot.set(need, `${hosts.join(" and ")} is no machine of this project: nobody to ask for it`);
  if (!server) cannot.set("server", "the NFS server is not the lab's: others may use it");
  return cannot;
}

/** The stack as it is, by SSH and through its hypervisor. */
export async function realGround(
  stack: string,
  known: KnownStack,
  recorded: RecordedMachine[],
  say: (line: string) => void,
): Promise<Ground> {
  const machines = new Map(recorded.map((machine) => [machine.name, machine]));
  const server = labServer();
  const node = (name: string): KnownNode => {
    const found = known.nodes.find((each) => each.name === name);
    if (!found)
      throw new Error(`the stack has no node ${name}: it was another one when the journal was written`);
    return found;
  };
  say("asking the nodes what they are");
  const facts = await Promise.all(
    known.nodes.map(async (each) => {
      // One login each, whatever it is asked.
      await installSet(await endpointOf(each), "drill", true);
      const limits = await onNode(each, "limits", []);
      const addresses = JSON.parse((await ask(each, "ip -j addr")) ?? "[]") as {
        address?: string;
        addr_info?: { local?: string }[];
      }[];
      const own = addresses.find(({ addr_info = [] }) =>
        addr_info.some(({ local }) => local === each.address),
      );
      const container = await ask(
        each,
        ". /etc/ha-rancher/guard.conf && docker inspect --type container --format '{{.Id}}' \"$CONTAINER\"",
      );
      if (!container) throw new Error(`${each.name} has no container to watch: \`npm run up\` makes it`);
      const netem = await ask(each, "modprobe -q sch_netem && command -v tc");
      return { ...each, limits, mac: own?.address ?? "", container, netem };
    }),
  );
  const cannot = without(machines, known, server);
  const lacking = facts.filter(({ netem }) => netem === undefined).map(({ name }) => name);
  if (lacking.length) cannot.set("netem", `the kernel of ${lacking.join(" and ")} has no sch_netem`);
  const macs = Object.fromEntries(facts.flatMap(({ name, mac }) => (mac ? [[name, mac]] : [])));
  const samplers = new Map(
    facts.map((each) => [
      each.name,
      new Sampler(sshOf(each), linkedProgram("drill/sampler", "drill"), each.container),
    ]),
  );
  const lab = currentLab();
  const taken = [known.vip, ...known.nodes.map(({ address }) => address)];
  const joint: Joint | undefined = lab && (await findJoint(known.vip, taken));
  const writes = await takesWrites(known.url).catch(() => false);

  const watch = (how: Watch): void => {
    for (const sampler of samplers.values()) sampler.watch = how;
  };

  let serverKilled = false;
  let accident: string | undefined;
  /** The lab's NFS server has nobody who starts it again; elsewhere that is systemd. */
  async function mendServer(): Promise<void> {
    if (!server || serverKilled || server.alive()) return;
    accident = "the lab's NFS server had ended by itself";
    say(`${accident}: it is started again`);
    await server.start();
  }

  async function perform(action: Action): Promise<number | undefined> {
    if (action.at === "server") {
      if (!server) throw new Error("the NFS server is not the lab's");
      serverKilled = action.verb === "kill";
      await (action.verb === "kill" ? server.kill() : server.start());
      return undefined;
    }
    if (action.at === "vip") {
      // It takes as long as the service needs to end, and the VIP goes last: no moment at which it struck.
      await runScript(await endpointOf(node(action.node)), action.verb, action.args);
      return undefined;
    }
    if (action.at === "node") {
      const said = await onNode(node(action.node), action.verb, action.args);
      const up = /^struck ([\d.]+)$/m.exec(said)?.[1];
      return up === undefined ? undefined : samplers.get(action.node)?.when(Number(up));
    }
    const machine = machines.get(action.node);
    if (machine) {
      await controlMachine(machine, action.verb, macs[action.node] ?? "");
      return undefined;
    }
    // Of a host only this can be asked; it comes back by itself.
    if (action.verb === "power-off")
      await onNode(node(action.node), "crash", [], 5_000).catch(() => undefined);
    else if (action.verb !== "power-on")
      throw new Error(`${action.node} is a host: it has no ${action.verb}`);
    return undefined;
  }

  return {
    stack,
    vip: known.vip,
    url: known.url,
    nodes: known.nodes.map(({ name, address, port }): Actor => ({ name, address, sshPort: port })),
    place: lab
      ? `the lab (${lab.accelerator === "kvm" ? "KVM" : "QEMU's software emulation"})`
      : "machines and hosts",
    timing: timingOf(known, facts[0]?.limits ?? "", server?.grace ?? usualGrace),
    cannot,
    hosts: known.nodes.filter(({ name }) => !machines.has(name)).map(({ name }) => name),
    macs,
    takesWrites: writes,
    accident() {
      const found = accident;
      accident = undefined;
      return found;
    },
    async look() {
      await mendServer();
      const glimpses = [...samplers].map(([name, each]) => [name, each.latest ?? each.lastWords] as const);
      const unfit = glance(new Map(glimpses));
      if (unfit) return unfit;
      const measured = await measure(known.nodes, known.url, lookLimit);
      const { state, message, remarks } = judge(measured.nodes, measured.ping);
      const services = measured.nodes.filter(({ status }) => status?.container?.state === "running");
      return {
        healthy: state === "healthy",
        message: [message, ...remarks].join("; "),
        holders: holdersOf(measured.nodes).map(({ name }) => name),
        services: services.map(({ name }) => name),
      };
    },
    perform,
    async client(run) {
      watch("closely");
      const client = await startClient({ vip: known.vip, url: known.url, ...(writes ? { run } : {}) }, joint);
      const calm = (): void => {
        watch("calmly");
        client.calm();
      };
      const stop = async (): Promise<void> => {
        watch("calmly");
        await client.stop();
      };
      return { view: client.view, calm, stop };
    },
    readBack: (run) => readBack(known.url, run),
    forgetWrites: (run) => forgetWrites(known.url, run),
    samples: (name) => samplers.get(name)?.samples ?? [],
    forgetSamples: () => {
      for (const sampler of samplers.values()) sampler.forget();
    },
    async end() {
      for (const sampler of samplers.values()) sampler.end();
      await Promise.all(known.nodes.map(takeSetOff));
    },
  };
}
