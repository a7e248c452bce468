import * as pulumi from "@pulumi/pulumi";
import { nodeFile } from "../providers/remote/script";
import { setFiles } from "../providers/remote/set-files";
import { Component } from "./component";
import type { Node } from "./node";
import type { Dependencies } from "./on-node";

/** What was made on a node. */
export interface Installed {
  /** Packages and folders. */
  prepared: pulumi.Resource;
  /** All of it. */
  all: pulumi.Resource[];
  /** The agent's settings as text. */
  configuration: pulumi.Output<string>;
}

/** What {@link AgentSoftware} is made of. */
export interface AgentSoftwareParts {
  nodes: Node[];
  /** Files of node/units/ that the agent runs by. */
  units: string[];
  /** Makes it on a node, as children of the component. */
  install: (node: Node, component: Component) => Installed;
}

/** What an agent runs from, on every node; nothing is started here. */
export class AgentSoftware extends Component {
  private readonly installed: Map<Node, Installed>;
  private readonly units: string[];

  protected constructor(
    type: string,
    name: string,
    { nodes, units, install }: AgentSoftwareParts,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(type, name, {}, opts);
    this.units = units;
    this.installed = new Map(nodes.map((node) => [node, install(node, this)]));
    this.registerOutputs({});
  }

  /** After this a node has its packages and folders. */
  prepared(node: Node): Dependencies {
    return [this.on(node).prepared];
  }

  /** After this a node has all that its agent runs from. */
  complete(node: Node): Dependencies {
    return this.on(node).all;
  }

  /** All that the agent of a node runs from, as one text: another agent takes over when that changes. */
  agentSource(node: Node): pulumi.Output<string> {
    // All programs: an agent's version is the name of the folder that they are in (node/agent/version.py).
    const programs = setFiles("current").map(({ path }) => path);
    const files = [...this.units.map((unit) => `units/${unit}`), ...programs];
    return pulumi.interpolate`${files.map(nodeFile).join("")}${this.on(node).configuration}`;
  }

  private on(node: Node): Installed {
    const found = this.installed.get(node);
    if (!found) throw new pulumi.ResourceError(`it has no node ${node.name}: give it in \`nodes\``, this);
    return found;
  }
}
