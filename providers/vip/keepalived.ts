import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

/** What {@link Keepalived} takes. */
export interface KeepalivedArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** The oldest version of keepalived that works, such as `2.1.5`. */
  minimumVersion: pulumi.Input<string>;
  /**
   * All VIPs with prefix. Destroying the resource removes them from the node, even those that a dead keepalived left.
   */
  vips: pulumi.Input<string[]>;
}

/**
 * keepalived on a node. It is installed with apt-get or dnf if it is missing. `refresh` notices if it is gone.
 * Destroying the resource removes it with its file, its firewall rules, and the packages that were installed for it.
 */
export class Keepalived extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vip:Keepalived";

  /** The version on the node, such as `2.2.7`. */
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

/** What {@link Members} takes. */
export interface MembersArgs {
  /** The VIP, without prefix. */
  vip: pulumi.Input<string>;
  /** Further VIPs that move each by itself: who has one of them is a holder, too. Default: none. */
  others?: pulumi.Input<string[]>;
  /** By node: how to log in. Secret in the state. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** Names of the nodes, the most preferred first. */
  order: pulumi.Input<string[]>;
}

/**
 * The nodes that can have a VIP. When this is updated, nodes that leave hand over VIP and service first. Changes that
 * take away what their service needs, such as access to its data, must come after this.
 */
export class Members extends DynamicResource {
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

/** What {@link Configuration} takes. */
export interface ConfigurationArgs {
  /** The VIP, without prefix. Its holder is changed last. */
  vip: pulumi.Input<string>;
  /** Further VIPs that move each by itself: who has one of them is a holder, too. Default: none. */
  others?: pulumi.Input<string[]>;
  /** By node: how to log in. Secret in the state. */
  endpoints: pulumi.Input<Record<string, pulumi.Input<SshEndpoint>>>;
  /** By node: its keepalived.conf. */
  contents: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** vip.env by node: the settings of our own programs there. */
  facts: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Names of the nodes, the most preferred first. */
  order: pulumi.Input<string[]>;
}

/**
 * keepalived's files on all nodes. They are made on all nodes at once, and changed on one node after the other: backups
 * first, the holder last. keepalived checks each file before it is swapped in, and the change stops if the VIP is lost.
 * `refresh` notices changed files, and a keepalived that is stopped, masked or disabled.
 */
export class Configuration extends DynamicResource {
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
