import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

/** What {@link Host} takes. */
export interface HostArgs {
  /** The node's name. */
  name: pulumi.Input<string>;
  /** IPv4 address that one of the host's interfaces must have, without prefix. */
  address: pulumi.Input<string>;
  /** Addresses that must not be the host's own, without prefix: the floating ones. */
  vips: pulumi.Input<pulumi.Input<string>[]>;
  /** The address of its SSH server. It cannot change: another host needs another resource. */
  host: pulumi.Input<string>;
  /** Default 22. */
  port?: pulumi.Input<number>;
  /** root, or a user with passwordless sudo. */
  user: pulumi.Input<string>;
  /** Text of a private key without a passphrase. Kept secret. */
  privateKey: pulumi.Input<string>;
  /** The same key as a file on this machine; default: it is written to `directory`. */
  keyFile?: pulumi.Input<string>;
  /** The host's public key, type and base64; default: the key of the first contact, which is pinned. */
  hostKey?: pulumi.Input<string>;
  /** MiB of memory that it must have; default: any. */
  memory?: pulumi.Input<number>;
  /** False: no container is to run there, so that it needs neither Docker nor NFS. Default true. */
  service?: pulumi.Input<boolean>;
  /**
   * The owner that claims the host, `PROJECT/STACK/NODE`. A host with another owner is refused. Default:
   * `PROJECT/STACK/NAME` with the resource's name.
   */
  owner?: pulumi.Input<string>;
  /** Absolute path of a folder that this resource alone uses: known_hosts is in it. */
  directory: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/host", "host");

/**
 * An existing host as a node. It is checked (reachable, sudo, systemd, system, kernel, interface, clock, architecture),
 * claimed for one stack, and released when this resource is destroyed. It is never restarted or reinstalled.
 */
export class Host extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/host:Host";

  /** How to log in, with its pinned host key. Secret as a whole. */
  declare readonly ssh: pulumi.Output<SshEndpoint>;
  /** The network interface that carries `address`, as found on the host. */
  declare readonly interface: pulumi.Output<string>;
  /** Such as `Debian GNU/Linux 12 (bookworm)`. */
  declare readonly system: pulumi.Output<string>;
  /** amd64 or arm64. */
  declare readonly architecture: pulumi.Output<string>;

  constructor(name: string, args: HostArgs, opts?: pulumi.CustomResourceOptions) {
    const props = {
      ...args,
      privateKey: pulumi.secret(args.privateKey),
      owner: args.owner ?? `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
      ssh: undefined,
      interface: undefined,
      system: undefined,
      architecture: undefined,
    };
    const ours = { additionalSecretOutputs: ["ssh", "privateKey"] };
    super(provider, name, props, pulumi.mergeOptions(ours, opts), "host", "Host");
  }
}
