import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../components/component";
import type { Node } from "../../components/node";
import {
  type Dependencies,
  nodeCommand,
  nodeFiles,
  nodePaths,
  programCommand,
  reloadUnits,
} from "../../components/on-node";
import { nodeFile } from "../../providers/remote/script";
import { setFiles } from "../../providers/remote/set-files";
import { type AddressConfiguration, addressConfiguration } from "./agent-configuration";

/** What {@link AddressSoftware} takes. */
export interface AddressSoftwareArgs {
  nodes: Node[];
  /** What all agents are told alike. */
  agent: Pick<AddressConfiguration, "vips" | "times">;
}

/** Seconds that a node may take to install the packages that it lacks. */
const installLimit = 900;

/** The agent's unit, by the name that it has wherever there is an agent. */
const unit = nodeFile("units/ha-rancher-address.service");

/** What was made on a node. */
interface Installed {
  prepared: pulumi.Resource;
  all: pulumi.Resource[];
  configuration: pulumi.Output<string>;
}

/** Folders, programs, the agent's unit and settings on every node: no Docker, no NFS. Nothing is started here. */
export class AddressSoftware extends Component {
  private readonly installed: Map<Node, Installed>;

  constructor(name: string, args: AddressSoftwareArgs, opts?: pulumi.ComponentResourceOptions) {
    super("AddressSoftware", name, {}, opts);
    this.installed = new Map(args.nodes.map((node) => [node, this.installOn(node, args)]));
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
    const programs = setFiles("current").map(({ path }) => nodeFile(path));
    return pulumi.interpolate`${[unit, ...programs].join("")}${this.on(node).configuration}`;
  }

  private on(node: Node): Installed {
    const found = this.installed.get(node);
    if (!found) throw new pulumi.ResourceError(`it has no node ${node.name}: give it in \`nodes\``, this);
    return found;
  }

  private installOn(node: Node, { nodes, agent }: AddressSoftwareArgs): Installed {
    const prepare = (verb: "make" | "look" | "undo") => programCommand("host/prepare", [verb, "-", "-"]);
    const prepared = nodeCommand("prepared", node, this, {
      ...prepare("make"),
      limit: installLimit,
      look: prepare("look").run,
      undo: prepare("undo").run,
    });
    const peers = nodes.filter((other) => other !== node).map(({ name }) => name);
    const first = nodes.reduce((one, other) => (other.priority > one.priority ? other : one)).name;
    const configuration = pulumi
      .output(node.address)
      .apply((address) => addressConfiguration({ node: node.name, peers, address, first, ...agent }));
    const files = nodeFiles(
      "agent-files",
      node,
      this,
      {
        files: configuration.apply((content) => ({
          [`${nodePaths.config}/agent.json`]: { content },
          [`${nodePaths.units}/ha-rancher-agent.service`]: { content: unit },
        })),
        afterWrite: reloadUnits("ha-rancher-agent"),
      },
      [prepared],
    );
    return { prepared, all: [prepared, files], configuration };
  }
}
