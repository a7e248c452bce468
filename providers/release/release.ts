import * as pulumi from "@pulumi/pulumi";
import type { Cause } from "../../domain/causes";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

export interface ReleaseArgs {
  /** By node: how to log in. Secret in the state, whether it is here or not. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** Name of the container that all nodes are to run, one at a time. It must be on all of them. */
  container: pulumi.Input<string>;
  /** The image that it was made from, by the name in the settings. */
  image: pulumi.Input<string>;
  /** What people call the service, for messages: `Rancher`. */
  title: pulumi.Input<string>;
  /** Where it answers through the VIP, such as `https://192.168.56.10`. */
  url: pulumi.Input<string>;
  /** The page there that answers 200 as long as it is well, such as `/healthz`. */
  healthPath: pulumi.Input<string>;
  /** What its logs mean when it does not start, in order of preference. */
  causes: pulumi.Input<pulumi.Input<Cause>[]>;
  /** Seconds that it may take to answer. */
  startDeadline: pulumi.Input<number>;
  /** Let an older version of the image follow a newer one. */
  allowDowngrade: pulumi.Input<boolean>;
}

/**
 * Which container the guards run. A change moves the service to it: standbys first, then a switchover, then the node
 * that had it; if the new one does not serve in time, datastore and container are as before, and the update fails.
 */
export class Release extends pulumi.dynamic.Resource {
  declare readonly container: pulumi.Output<string>;
  static readonly __pulumiType = "pulumi-nodejs:dynamic/rancher:Release";

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, endpoints: pulumi.secret(args.endpoints) },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["endpoints"] }),
      "rancher",
      "Release",
    );
  }
}

const provider = shim("ha-rancher/providers/release", "release");
