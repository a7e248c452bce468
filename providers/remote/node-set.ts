import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import { shim } from "../shim";
import type { SshEndpoint } from "./endpoint";
import { packedSet } from "./script";

/** What {@link NodeSet} takes. */
export interface NodeSetArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
}

const provider = shim("ha-rancher/providers/remote", "nodeSet");

/**
 * The programs of this project on a node, as one set (domain/node-set.ts): a folder named by the hash of its content,
 * and the link `current`, which is switched once the folder is complete. Running programs keep their former set.
 * `refresh` notices another set, and changed files. Destroying the resource removes all sets.
 */
export class NodeSet extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/remote:NodeSet";

  /** The hash of its content; 16 hexadecimal digits. */
  declare readonly hash: pulumi.Output<string>;

  constructor(name: string, args: NodeSetArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, hash: packedSet("current").hash },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "remote",
      "NodeSet",
    );
  }
}
