import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";
import type { Lists } from "./daemon-json";

/** What {@link DaemonSettings} takes. */
export interface DaemonSettingsArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** Values for those lists of Docker's daemon.json that a running engine reads again, such as `registry-mirrors`. */
  lists: pulumi.Input<Lists>;
  /**
   * Whether containers outlive a restart of the engine; default false. What daemon.json or the engine's command line says
   * of it stays, and a node of a swarm goes without: Docker does not start with both.
   */
  liveRestore?: pulumi.Input<boolean>;
  /** Default `/etc/docker/daemon.json`. */
  file?: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/docker", "daemonSettings");

/**
 * Settings of a node's Docker engine. They are merged into its daemon.json, and the engine reads it again without a
 * restart. Destroying the resource removes what it added, and nothing else.
 */
export class DaemonSettings extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/docker:DaemonSettings";

  /** The values that were not in the file before. */
  declare readonly added: pulumi.Output<Lists>;

  constructor(name: string, args: DaemonSettingsArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, added: undefined, addedLiveRestore: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "docker",
      "DaemonSettings",
    );
  }
}
