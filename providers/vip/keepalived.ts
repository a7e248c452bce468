import * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

export interface KeepalivedArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** The oldest keepalived that will do, such as `2.1.5`. */
  minimumVersion: pulumi.Input<string>;
  /** All VIPs with prefix: destroying this takes them off the node, also those that a dead keepalived left. */
  vips: pulumi.Input<string[]>;
}

/**
 * keepalived on a node: installed where it is missing (apt-get or dnf), found gone by `refresh`, and taken off the
 * node when destroyed, with its file, its firewall rules, and the packages that were installed for it.
 */
export class Keepalived extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vip:Keepalived";

  /** As found on the node, such as `2.2.7`. */
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: KeepalivedArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      keepalivedShim,
      name,
      { ...args, version: undefined, installed: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "vip",
      "Keepalived",
    );
  }
}

const keepalivedShim = shim("ha-rancher/providers/vip", "keepalived");

export interface MembersArgs {
  /** The VIP, without prefix. */
  vip: pulumi.Input<string>;
  /** By node: how to log in. Secret in the state. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** Names of the nodes, the most preferred first. */
  order: pulumi.Input<string[]>;
}

/**
 * The nodes that can have a VIP. Nodes that leave hand over when this is updated, VIP and service, in order: whatever
 * takes something from them that their service needs, such as the access to its data, comes after this.
 */
export class Members extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vip:Members";

  constructor(name: string, args: MembersArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      membersShim,
      name,
      { ...args },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["endpoints"] }),
      "vip",
      "Members",
    );
  }
}

const membersShim = shim("ha-rancher/providers/vip", "members");

export interface ConfigurationArgs {
  /** The VIP, without prefix: its holder is changed last. */
  vip: pulumi.Input<string>;
  /** By node: how to log in. Secret in the state. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** By node: its keepalived.conf. */
  contents: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** By node: its vip.env, what our own programs know there. */
  facts: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Names of the nodes, the most preferred first. */
  order: pulumi.Input<string[]>;
}

/**
 * keepalived's files in force on all nodes. Made on all of them at once; changed one after the other, backups first
 * and the holder last, each checked by keepalived before it is swapped in, and no further if the VIP is lost on the
 * way. `refresh` finds a file that was changed, and a keepalived that is stopped, masked or not enabled.
 */
export class Configuration extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vip:Configuration";

  constructor(name: string, args: ConfigurationArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      configurationShim,
      name,
      { ...args, faults: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["endpoints"] }),
      "vip",
      "Configuration",
    );
  }
}

const configurationShim = shim("ha-rancher/providers/vip", "configuration");
