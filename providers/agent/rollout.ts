import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

/** What {@link Rollout} takes. */
export interface RolloutArgs {
  /** By node: how to log in. Secret in the state, whether it is secret here or not. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** By node: a fingerprint of all that its agent runs from: programs, configuration, units. */
  source: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** What the agents are for, where it is no service with a lease; another one is refused. */
  workload?: pulumi.Input<string>;
}

/**
 * The agents of all nodes, running from what is on their disks. They are started, and changed, on one node after the
 * other, the one that serves last; the first failure stops that. A node that is as it should be is not touched.
 * `refresh` notices an agent that does not run, or runs from another version or configuration. Destroying the resource
 * stops the agents, and the service with them, on all nodes that answer.
 */
export class Rollout extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/agent:Rollout";

  /** By node: the version of the agent that was started. */
  declare readonly versions: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: RolloutArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, endpoints: pulumi.secret(args.endpoints), versions: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["endpoints"] }),
      "agent",
      "Rollout",
    );
  }
}

const provider = shim("ha-rancher/providers/agent", "rollout");
