import * as pulumi from "@pulumi/pulumi";
import { Rollout } from "../providers/agent/rollout";
import { Component } from "./component";
import type { Node } from "./node";
import { fingerprint, type NodeDependencies } from "./on-node";

/** What {@link Agents} takes. */
export interface AgentsArgs {
  nodes: Node[];
  /** The text that a node's agent runs from: when it changes, another agent takes over. */
  source: (node: Node) => pulumi.Input<string>;
  /** What they are for, where it is no service with a lease: agents of the one do not become those of another. */
  workload?: string;
  /** What must be on a node before its agent starts: all that it mounts and runs. */
  after: NodeDependencies;
}

/** The agents, started: from here on they decide which node is active. */
export class Agents extends Component {
  /** The nodes' names, known once all agents run. */
  readonly started: pulumi.Output<string[]>;

  constructor(name: string, args: AgentsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Agents", name, {}, opts);
    const byName = <T>(value: (node: Node) => T): Record<string, T> =>
      Object.fromEntries(args.nodes.map((node) => [node.name, value(node)]));
    const rollout = new Rollout(
      this.childName("rollout"),
      {
        endpoints: byName(({ ssh }) => ssh),
        ...(args.workload === undefined ? {} : { workload: args.workload }),
        source: byName((node) => pulumi.output(args.source(node)).apply(fingerprint)),
      },
      { parent: this, dependsOn: args.nodes.flatMap(args.after) },
    );
    this.started = rollout.versions.apply(Object.keys);
    this.registerOutputs({ started: this.started });
  }
}
