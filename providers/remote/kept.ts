import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import { shim } from "../shim";
import type { SshEndpoint } from "./endpoint";

/** What {@link Kept} takes. */
export interface KeptArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** A command line that runs as root, changes nothing, and prints what is not as it was made: a line each, in words for people. */
  look: pulumi.Input<string>;
  /** A command line that runs as root and makes it so again. */
  mend: pulumi.Input<string>;
  /** Seconds that `mend` may take; default 120. */
  limit?: pulumi.Input<number>;
}

const provider = shim("ha-rancher/providers/remote", "kept");

/**
 * What a command made on a node, kept so: a command of Pulumi's own is never looked at again. `refresh` notices what was
 * undone by hand, and the next update mends it. Nothing is done when this is made, or destroyed.
 */
export class Kept extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/remote:Kept";

  constructor(name: string, args: KeptArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      // What `refresh` finds, in words; a program wants none.
      { ...args, ssh: pulumi.secret(args.ssh), limit: args.limit ?? 120, faults: "" },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "remote",
      "Kept",
    );
  }
}
