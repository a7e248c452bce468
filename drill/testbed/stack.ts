import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { currentLab, type LabDescription } from "../../lab";
import { answerOf } from "../../providers/remote/answer";
import { runScript } from "../../providers/vip/scripts";
import type { KnownStack } from "../../stack/known-stack";
import { measure } from "../../stack/measure";
import { endpointOf } from "../../stack/nodes";
import type { RecordedMachine } from "../../stack/state";
import { holdersOf, judge } from "../../stack/verdict";
import type { Action, MachineAction, Need, NodeAction, Target, Timing } from "../faults";
import { Sampler, type Watch } from "../probes/sampler";
import type { Sample } from "../probes/samples";
import { forgetWrites, readBack } from "../probes/writes";
import type { Health } from "../recording";
import { type Attachment, findAttachment, startClient } from "./client";
import { factsOf, missingNeeds, type NodeFacts, timingOf } from "./facts";
import { controlMachine } from "./machines";
import { recorderProgram, recorderShell, removeDrill, runVerb } from "./node-commands";
import { precheck } from "./precheck";
import { labServer, type Server, ServerControl } from "./server";
import type { Client, Testbed } from "./testbed";
import { chooseWrites, type WritesOrder, type WritesTo } from "./writes";

/** Milliseconds for a full check of a node. A check that is given up goes on there, and slows down the next one. */
const checkLimit = 30_000;
/** Milliseconds for a node to reset itself: it does not answer that. */
const resetLimit = 5_000;

/** What `fault` answers: seconds since the node's boot. */
const effect = z.object({ effect: z.number() });

/** What a testbed of a real stack is made from. */
interface Parts {
  stack: string;
  known: KnownStack;
  nodes: NodeFacts[];
  /** The machines of this project, by name. */
  machines: Map<string, RecordedMachine>;
  server: Server | undefined;
  lab: LabDescription | undefined;
  /** Where the client joins the nodes' network; undefined: it is this machine itself. */
  attachment: Attachment | undefined;
  /** Where the writes go; undefined: the service takes none. */
  writesTo: WritesTo | undefined;
}

/** A stack that is up: its nodes are reached by SSH, its machines through their hypervisor. */
class StackTestbed implements Testbed {
  readonly stack: string;
  readonly vip: string;
  readonly url: string;
  readonly nodes: Target[];
  readonly hosts: string[];
  readonly cannot: ReadonlyMap<Need, string>;
  readonly timing: Timing;
  readonly macs: Record<string, string>;
  readonly takesWrites: boolean;
  private readonly samplers: ReadonlyMap<string, Sampler>;
  private readonly server: ServerControl;

  constructor(
    private readonly parts: Parts,
    say: (line: string) => void,
  ) {
    const { stack, known, nodes, machines, server } = parts;
    this.stack = stack;
    this.vip = known.vip;
    this.url = known.url;
    this.nodes = nodes.map(({ name, address, port }) => ({ name, address, sshPort: port }));
    this.hosts = nodes.map(({ name }) => name).filter((name) => !machines.has(name));
    this.cannot = missingNeeds(nodes, this.hosts, server);
    const [first] = nodes;
    if (!first) throw new Error(`the stack ${parts.stack} has no nodes`);
    this.timing = timingOf(known, first.limits, server);
    this.macs = Object.fromEntries(
      nodes.flatMap(({ name, mac }): [string, string][] => (mac ? [[name, mac]] : [])),
    );
    this.takesWrites = parts.writesTo !== undefined;
    this.server = new ServerControl(server, say);
    this.samplers = new Map(
      nodes.map((node) => [
        node.name,
        new Sampler(recorderShell(node), recorderProgram(), { ...node, vip: known.vip }),
      ]),
    );
  }

  get place(): string {
    const { lab } = this.parts;
    return lab
      ? `the lab (${lab.accelerator === "kvm" ? "KVM" : "QEMU's software emulation"})`
      : "machines and hosts";
  }

  accident(): string | undefined {
    return this.server.takeAccident();
  }

  async health(before?: Health): Promise<Health> {
    await this.server.mend();
    const latest = [...this.samplers].map(([name, each]) => [name, each.latest ?? each.lastError] as const);
    const unhealthy = precheck(new Map(latest), before);
    if (unhealthy) return unhealthy;
    if (before?.healthy) return before;
    const measured = await measure(this.parts.known, checkLimit);
    const { state, message, remarks } = judge(measured.nodes, measured.ping);
    const services = measured.nodes.filter(({ status }) => status?.container?.state === "running");
    return {
      healthy: state === "healthy",
      message: [message, ...remarks].join("; "),
      holders: holdersOf(measured.nodes).map(({ name }) => name),
      services: services.map(({ name }) => name),
    };
  }

  async perform(action: Action): Promise<number | undefined> {
    switch (action.at) {
      case "server":
        await this.server.perform(action.verb);
        return undefined;
      case "vip":
        // The VIP goes last, once the service has stopped: there is no single moment at which this takes effect.
        await runScript(await endpointOf(this.node(action.node)), action.verb, action.args);
        return undefined;
      case "drill":
        await sleep(action.seconds * 1_000);
        return undefined;
      case "node":
        return await this.onNode(action);
      case "machine":
        await this.onMachine(action);
        return undefined;
    }
  }

  private node(name: string): NodeFacts {
    const found = this.parts.nodes.find((each) => each.name === name);
    if (!found)
      throw new Error(`the stack has no node ${name}: it was another stack when the journal was written`);
    return found;
  }

  private async onNode({ node, verb, args }: NodeAction): Promise<number | undefined> {
    const output = await runVerb(this.node(node), verb, args);
    // Nothing: there was nothing to take back.
    if (!output) return undefined;
    return this.samplers.get(node)?.when(answerOf(effect, "drill/fault", output).effect);
  }

  private async onMachine({ node, verb }: MachineAction): Promise<void> {
    const machine = this.parts.machines.get(node);
    if (machine) return void (await controlMachine(machine, verb, this.macs[node] ?? ""));
    // A host can only reset itself, and comes back without help.
    if (verb === "power-off") await runVerb(this.node(node), "crash", [], resetLimit).catch(() => undefined);
    else if (verb !== "power-on") throw new Error(`${node} is a host: it has no ${verb}`);
  }

  private watch(how: Watch): void {
    for (const sampler of this.samplers.values()) sampler.watch = how;
  }

  async client(run: string): Promise<Client> {
    this.watch("closely");
    const { known, writesTo } = this.parts;
    const order = {
      ...{ vip: this.vip, url: this.url, answers: known.answers },
      ...(writesTo === undefined ? {} : { writes: { to: writesTo.place, run } }),
    };
    const client = await startClient(order, this.parts.attachment, writesTo?.password);
    return {
      view: client.view,
      slowDown: () => {
        this.watch("calmly");
        client.slowDown();
      },
      stop: async () => {
        this.watch("calmly");
        await client.stop();
      },
    };
  }

  readBack = (run: string): Promise<number[]> => readBack(this.writesTo.place, run, this.writesTo.password);

  forgetWrites = (run: string): Promise<void> =>
    forgetWrites(this.writesTo.place, run, this.writesTo.password);

  private get writesTo(): WritesTo {
    const { writesTo } = this.parts;
    if (!writesTo) throw new Error("the service takes no writes");
    return writesTo;
  }

  samples(node: string): Sample[] {
    return this.samplers.get(node)?.samples ?? [];
  }

  forgetSamples(): void {
    for (const sampler of this.samplers.values()) sampler.forget();
  }

  async end(): Promise<void> {
    for (const sampler of this.samplers.values()) sampler.end();
    await Promise.all(this.parts.nodes.map(removeDrill));
  }
}

/**
 * The testbed of a stack that is up.
 *
 * @param recorded the machines in the stack's state
 * @param say shows a line of progress
 * @param writes where the client writes
 * @throws if a node does not answer or has no container
 */
export async function stackTestbed(
  stack: string,
  known: KnownStack,
  recorded: RecordedMachine[],
  say: (line: string) => void,
  writes: WritesOrder,
): Promise<Testbed> {
  say("asking the nodes for their facts");
  const nodes = await Promise.all(known.nodes.map(factsOf));
  const lab = currentLab();
  const writesTo = await chooseWrites(known, writes);
  if (typeof writesTo === "string") say(`writes are not measured: ${writesTo}`);
  const taken = [known.vip, ...nodes.map(({ address }) => address)];
  return new StackTestbed(
    {
      ...{ stack, known, nodes, lab, server: labServer() },
      machines: new Map(recorded.map((machine) => [machine.name, machine])),
      attachment: lab && (await findAttachment(known.vip, taken)),
      writesTo: typeof writesTo === "string" ? undefined : writesTo,
    },
    say,
  );
}
