import * as pulumi from "@pulumi/pulumi";
import type { Cause } from "../../domain/causes";
import type { Upgrades } from "../../domain/upgrades";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

/** What {@link Release} takes. */
export interface ReleaseArgs {
  /** How to log in, by node. Secret in the state, whether it is secret here or not. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** Name of the container that one node at a time runs. It must exist on all nodes. */
  container: pulumi.Input<string>;
  /** The image of the container, by its name in the settings. */
  image: pulumi.Input<string>;
  /** The images of its further containers, by what tells one from another in each release; default: it has none. */
  companionImages?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** The name of the service in messages: `Rancher`. */
  title: pulumi.Input<string>;
  /** The URL of the service through the VIP, such as `https://192.168.56.10`; or `tcp://192.168.56.10:5432`. */
  url: pulumi.Input<string>;
  /** The path that answers as long as the service is well, such as `/healthz`; empty for a URL of `tcp`. */
  healthPath: pulumi.Input<string>;
  /** The statuses that it answers with as long as it is well; default: any of 200 to 299. */
  healthStatus?: pulumi.Input<number[]>;
  /** What its logs mean when it does not start, in order of preference. */
  causes: pulumi.Input<pulumi.Input<Cause>[]>;
  /** Seconds that it may take to answer. */
  startDeadline: pulumi.Input<number>;
  /**
   * Which versions of the image may follow which, and what breaks that: looked at on the nodes before anything is touched.
   * Default: any version may follow an older one.
   */
  upgrades?: pulumi.Input<Upgrades> | undefined;
  /** Let an older version of the image follow a newer one. */
  allowDowngrade: pulumi.Input<boolean>;
  /**
   * The container whose writes may be lost; default: none's. The nodes then go back to the datastore as it was before
   * that container first ran on it, though it has answered.
   */
  discardWritesOf?: pulumi.Input<string>;
}

/**
 * The choice of the container that the agents run. A change moves the service to the new container: first on the
 * standbys, then by a switchover, then on the former active node. If the new container does not serve in time, the
 * datastore and the old container are restored, unless the new one has answered; and the update fails.
 */
export class Release extends DynamicResource {
  declare readonly container: pulumi.Output<string>;
  static readonly __pulumiType = "pulumi-nodejs:dynamic/rancher:Release";

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      {
        ...args,
        endpoints: pulumi.secret(args.endpoints),
        companionImages: args.companionImages ?? {},
        healthStatus: args.healthStatus ?? [],
        discardWritesOf: args.discardWritesOf ?? "",
      },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["endpoints"] }),
      "rancher",
      "Release",
    );
  }
}

const provider = shim("ha-rancher/providers/release", "release");
