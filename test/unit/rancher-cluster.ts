import assert from "node:assert/strict";
import type { NodeLook, TakenBack, UpgradeWorld } from "../../providers/release/upgrade-world";

/** What a process that is killed leaves behind: an error in the middle of what it did. */
export class Killed extends Error {}

interface SimulatedNode {
  container: string;
  kept?: string | undefined;
  agent: boolean;
  /** Its unit: an agent that is not enabled yet was never started. */
  enabled: boolean;
  /** It does not answer, and runs nothing. */
  dead: boolean;
}

/** The datastore: which containers have opened it, in order, and what the agents noted beside it. */
interface Data {
  history: string[];
  last: string;
  before: string[];
  /** The container that last answered. */
  served: string;
}

/**
 * Nodes with agents that do what agents do: one of those that run has the lease and runs its container, which opens the
 * data; the copy from before another container's first start is kept, and it is noted which container has answered.
 */
export class Cluster implements UpgradeWorld {
  readonly nodes = new Map<string, SimulatedNode>();
  readonly told: string[] = [];
  readonly log: string[] = [];
  /** Containers that run and do not answer. */
  readonly mute = new Set<string>();
  serving: string | undefined;
  data: Data;
  /** Steps that are left until the process is killed. */
  left = Number.POSITIVE_INFINITY;

  constructor(
    names: string[],
    container: string,
    readonly broken: Set<string> = new Set(),
    serving: string | undefined = names[0],
  ) {
    const runs = container !== "";
    for (const name of names) this.nodes.set(name, { container, agent: runs, enabled: runs, dead: false });
    this.serving = serving;
    this.data = { history: [container], last: container, before: [], served: container };
  }

  node(name: string): SimulatedNode {
    return this.nodes.get(name) ?? assert.fail(name);
  }

  /** Each call is killed before it, in the middle of it, or after it. */
  private step(): void {
    if (--this.left < 0) throw new Killed();
  }

  private reach(name: string): SimulatedNode {
    this.step();
    const node = this.node(name);
    if (node.dead) throw new Error(`${name} does not answer`);
    return node;
  }

  kill(name: string): void {
    this.node(name).dead = true;
    if (this.serving === name) this.serving = undefined;
  }

  private settle(): void {
    if (this.serving && !this.node(this.serving).agent) this.serving = undefined;
    if (!this.serving) this.takeOver();
    this.note();
  }

  private takeOver(): void {
    const next = [...this.nodes].find(([, { agent, container, dead }]) => agent && container && !dead);
    if (!next) return;
    const [name, { container }] = next;
    this.serving = name;
    const { data } = this;
    if (data.last !== container) {
      Object.assign(data, { before: [...data.history], last: container });
      data.history.push(container);
    }
    this.log.push(`${name} starts ${container}`);
  }

  /** Whether it answers the agent, wherever the VIP is. */
  private answers = (container: string): boolean => !this.broken.has(container) && !this.mute.has(container);

  private note(): void {
    const container = this.serving && this.node(this.serving).container;
    if (container && this.answers(container)) this.data.served = container;
  }

  async look(name: string): Promise<NodeLook> {
    const { container, kept, agent, enabled } = this.reach(name);
    this.settle();
    const serves = this.serving === name;
    const fails = serves && this.broken.has(container);
    return {
      container,
      kept,
      enabled,
      state: !agent ? "" : fails ? "launching" : serves ? "active" : "standby",
      ready: agent && !serves,
      reason: "",
      gaveUp: fails ? "the container ends by itself again and again" : "",
      running: serves && !fails ? [container] : [],
    };
  }

  async point(name: string, container: string): Promise<void> {
    const node = this.reach(name);
    if (this.serving === name) {
      this.log.push(`${name} stops ${node.container}`);
      this.serving = undefined;
    }
    node.agent = false;
    this.settle();
    this.step();
    Object.assign(node, { container, kept: undefined, agent: node.enabled });
    this.step();
  }

  async halt(name: string, former: string): Promise<void> {
    const node = this.reach(name);
    node.kept = former;
    this.step();
    node.agent = false;
    if (this.serving === name) this.log.push(`${name} stops ${node.container}`);
    this.settle();
    this.step();
  }

  async name(name: string, container: string): Promise<void> {
    const node = this.reach(name);
    assert.ok(node.kept !== undefined, "its agent may start the container at once");
    node.container = container;
    this.step();
  }

  async takeBack(name: string, container: string, discarded: string): Promise<TakenBack> {
    this.reach(name);
    assert.equal(this.serving, undefined, "the data is changed under somebody's feet");
    for (const node of this.nodes.values()) assert.ok(node.kept !== undefined, "a boot would start it");
    const { data } = this;
    if (data.last === container) return { words: "as it was" };
    if (data.served === data.last && discarded !== data.last) return { answered: data.last, words: "" };
    data.history = [...data.before];
    this.step();
    data.last = container;
    this.step();
    return { words: "from its copy" };
  }

  async trouble(): Promise<string | undefined> {
    this.settle();
    const container = this.serving && this.node(this.serving).container;
    return container && this.answers(container) ? undefined : "nobody answers";
  }

  lastWords = async (name: string): Promise<string> => `the words of ${name}`;
  say = (line: string): void => void this.told.push(line);

  containers = (): string[] => [...this.nodes.values()].map(({ container }) => container);
  /** For a message, when something is not as it should be. */
  toString = (): string =>
    [
      JSON.stringify([...this.nodes]),
      JSON.stringify(this.data),
      this.log.join(", "),
      this.told.join(", "),
    ].join("\n");
}
