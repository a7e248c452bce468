import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { Host } from "../providers/host";
import { Component } from "./component";
import type { Node, NodeIdentity } from "./node";

/** How to log in to a host. */
export interface HostLogin {
  /** Where its SSH server answers: an IPv4 address or a host's name; default: the node's `address`. */
  address?: pulumi.Input<string> | undefined;
  /** Default 22. */
  port?: pulumi.Input<number> | undefined;
  /** root, or a user with passwordless sudo. */
  user: pulumi.Input<string>;
  /** Text of a private key without a passphrase. Kept secret. */
  privateKey: pulumi.Input<string>;
  /** The same key as a file on this machine, absolute; default: it is written to the host's folder below `directory`. */
  keyFile?: pulumi.Input<string> | undefined;
  /** The host's public key, type and base64; default: what it shows at the first contact, from then on. */
  hostKey?: pulumi.Input<string> | undefined;
}

/** A node that existed before. */
export interface HostNodeArgs extends NodeIdentity {
  host: HostLogin;
}

/** What holds for all hosts alike. */
export interface HostRules {
  /** Absolute path on this machine: known_hosts and keys are written below it, in a folder for each host. */
  directory: string;
  /** Whose nodes they are, `PROJECT/STACK`: a host has one owner. */
  owner: string;
  /** MiB of memory that each must have; default: any. */
  memory?: pulumi.Input<number | undefined> | undefined;
  /** False: no container is to run there, so that they need neither Docker nor NFS. Default true. */
  service?: boolean | undefined;
}

export interface HostsArgs extends HostRules {
  /** The hosts. Plain, as a list: it decides how many resources there are. */
  nodes: HostNodeArgs[];
  /** IPv4 addresses that no host must have of its own, without prefix: the floating ones. */
  vips: pulumi.Input<string>[];
}

/**
 * The nodes that existed before, one resource each: found fit (else the update fails with all that is wrong), claimed,
 * and given back in the end.
 */
export class Hosts extends Component {
  readonly nodes: Node[];

  constructor(name: string, args: HostsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Hosts", name, {}, opts);
    this.nodes = args.nodes.map((node) => this.nodeOf(node, args));
    this.registerOutputs({});
  }

  private nodeOf({ host: login, ...identity }: HostNodeArgs, args: HostsArgs): Node {
    const { name, address } = identity;
    const host = new Host(
      this.childName(name),
      {
        ...{ name, address },
        vips: args.vips,
        host: login.address ?? address,
        port: login.port,
        user: login.user,
        privateKey: login.privateKey,
        keyFile: login.keyFile,
        hostKey: login.hostKey,
        memory: args.memory as pulumi.Input<number> | undefined,
        ...(args.service === false ? { service: false } : {}),
        directory: join(args.directory, name),
        owner: `${args.owner}/${name}`,
      },
      this.childOptions(name),
    );
    return {
      ...identity,
      interface: host.interface,
      ssh: host.ssh,
      resource: host,
      endsWithResource: false,
    };
  }
}
