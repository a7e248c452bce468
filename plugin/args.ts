import type * as pulumi from "@pulumi/pulumi";

/*
 * What the component takes in every language. schema.json is made of these types, whose form is what Pulumi's analyzer reads:
 * interfaces without unions, and each with all of its properties. What is not an Input decides which resources there are, or
 * their names, and must be known.
 */

/** An IPv4 address with its subnet's prefix. */
export interface Address {
  /** Such as `192.168.56.10`. */
  address: string;
  /** Such as 24. */
  prefix: number;
}

/** How to log in to a host that existed before. */
export interface HostLogin {
  /** root, or a user with passwordless sudo. */
  user: pulumi.Input<string>;
  /** Text of a private key without a passphrase. Kept secret. */
  privateKey: pulumi.Input<string>;
  /** Where its SSH server answers; default: the node's `address`. */
  address?: pulumi.Input<string>;
  /** Default 22. */
  port?: pulumi.Input<number>;
  /** The host's public key, type and base64; default: what it shows at the first contact, from then on. */
  hostKey?: pulumi.Input<string>;
}

/** A machine that is made, or with `host` one that existed before. */
export interface Node {
  /** Unique within the stack, a host name: lower-case letters, digits, dashes. */
  name: string;
  /** IPv4 address on the nodes' network, without prefix. */
  address: pulumi.Input<string>;
  /** VRRP priority, 1 to 254, distinct; default: 150 for the first node, 10 less for each that follows. */
  priority?: number;
  /** How to log in, if it existed before. */
  host?: HostLogin;
}

/** What machines are made of. */
export interface Machines {
  /** `libvirt`, `virtualbox`, or another that Vagrant knows. */
  hypervisor: string;
  /** Name of a Vagrant box with systemd. */
  box: string;
  /** One exact version of the box; default: the newest. */
  boxVersion?: string;
  /** Virtual processors of each; default 2. */
  cpus?: number;
  /** MiB of each; default: the box's. */
  memory?: number;
  /** Absolute path on this machine: each machine's folder is made below it. */
  directory: string;
  /** Bits of the nodes' network, such as 24. */
  prefix: number;
  /** Interfaces of this machine, the first that exists is bridged; default: a network of this machine alone. */
  bridge?: string[];
}

/** What holds for all hosts alike. */
export interface Hosts {
  /** Absolute path on this machine: known_hosts and keys are written below it. */
  directory: string;
  /** MiB of memory that each must have; default: any. */
  memory?: number;
}

/** Who serves the shared data. */
export interface Storage {
  /** `host` is this machine; `machine` one more machine; `server` an NFS server that is there. */
  kind: string;
  /** IPv4 address that the nodes mount from. */
  address: pulumi.Input<string>;
  /** Absolute path where it is served; what is exported there. */
  directory: string;
  /** For `host`: whether the data outlives the stack; default true. */
  keepData?: boolean;
}

/** Rancher itself. */
export interface Rancher {
  /** With a tag or a digest; default: a pinned version. */
  image?: pulumi.Input<string>;
  /** The name under which users find it; default: the VIP. */
  hostname?: pulumi.Input<string>;
  /** The port for HTTPS; default 443. */
  httpsPort?: number;
  /** A port for plain HTTP, which Rancher redirects; default: none. */
  httpPort?: number;
  /** Further variables of the container. Kept secret. */
  extraEnvironment?: { [name: string]: pulumi.Input<string> };
  /** Seconds that it may take to start; default 300. */
  startDeadline?: number;
}

/** An address that notices are sent to with POST. */
export interface Webhook {
  /** Who knows it may send there, too. Kept secret. */
  url: pulumi.Input<string>;
  /** `json`, `slack` (Mattermost, too) or `alertmanager`; default `json`. */
  format?: string;
}

/** A mail for each notice. */
export interface Mail {
  /** Who sends it. */
  from: string;
  /** Who gets it. */
  to: string[];
  /** The SMTP server, always with TLS; default: the node's own sendmail. */
  server?: string;
  /** Its port; default 587. */
  port?: number;
  /** `starttls`, or `tls` for a connection that begins with it; default `starttls`. */
  tls?: string;
  /** Who logs in there; default: nobody does. */
  user?: string;
  /** That user's password. Kept secret. */
  password?: pulumi.Input<string>;
}

/** Whom the nodes tell of failovers and faults. Kept secret. */
export interface Notify {
  /** Addresses that notices are sent to. */
  webhooks?: Webhook[];
  /** A mail for each notice; default: none. */
  mail?: Mail;
  /** A program of the nodes and its arguments; it gets each notice as JSON on its standard input. Default: none. */
  command?: string[];
}

/** What {@link HaRancher} takes. */
export interface HaRancherArgs {
  /** Tells this service from others on the same hosts and NFS servers: letters, digits, dashes. A change replaces the export. */
  id: string;
  /** Two to ten, the first preferred at the start. */
  nodes: Node[];
  /** What machines are made of; needed if a node is to be made. */
  machines?: Machines;
  /** What holds for all hosts; needed if a node is one. */
  hosts?: Hosts;
  /** The floating IP. */
  vip: Address;
  /** Seconds between VRRP adverts, 0.05 to 40; default 0.2. */
  advertInterval?: number;
  /** VRRP's number, 1 to 255, unique on the network; default: the VIP's last number. */
  virtualRouterId?: number;
  /** Who serves the shared data. */
  storage: Storage;
  /** Where the active node has the shared data mounted: an absolute path; default `/rancher_data`. */
  dataDirectory?: string;
  /** `4.2`, or `3`, which has no leases; default `4.2`. */
  nfsVersion?: string;
  /** Rancher itself. */
  rancher?: Rancher;
  /** Whom the nodes tell of failovers and faults; default: nobody. */
  notify?: Notify;
  /** True: Pulumi refuses to delete or replace what holds data. Default false. */
  protect?: boolean;
}
