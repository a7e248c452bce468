import type { FloatingIpOptions } from "../../components/floating-ip";
import type { NodesArgs } from "../../components/nodes";
import type { NotifyArgs } from "../../components/notify-files";
import type { Declared } from "../../domain/declared";
import type { Vip } from "../../domain/vrrp";

/** Something that must be well on a node; exactly one of `http`, `tcp`, `unit`, `process` and `command`. */
export interface CheckAsked {
  /** A page of the node; `status`: what it answers while all is well, default 200 to 299. */
  http?: { port: number; path?: string; tls?: boolean; status?: number[] } | undefined;
  /** A port of the node that takes connections. */
  tcp?: number | undefined;
  /** A unit of systemd that is active, such as `nginx.service`. */
  unit?: string | undefined;
  /** A process that runs, by its name in /proc/PID/comm. */
  process?: string | undefined;
  /** A program of the node, run as root, that ends with 0; its absolute path, and its arguments. */
  command?: string[] | undefined;
  /** So much less the node's priority is while this is not well; default: the node refuses the VIP then. Needs `preempt`. */
  weight?: number | undefined;
  /** Asked only where the VIP is, of what is started with it; default: whether it is a unit of `units`. */
  onHolder?: boolean | undefined;
  /** Seconds between two questions; default 0.5. */
  every?: number | undefined;
  /** Seconds for an answer; default 2. */
  timeout?: number | undefined;
  /** Bad answers in a row that count; default 2. */
  fall?: number | undefined;
  /** Good answers in a row that count; default 2. */
  rise?: number | undefined;
}

/** A floating IP that moves by itself, and what it depends on. */
export interface AddressVip {
  /** Unique: lower-case letters, digits and dashes, such as `web`. */
  name: string;
  vip: Vip;
  /** Addresses that move with it, IPv4 and IPv6. */
  furtherVips?: Vip[] | undefined;
  /** VRRP's number of it, 1 to 255, unique on the network; default: the last number of `vip`. */
  virtualRouterId?: number | undefined;
  /** Name of the node that is to have it first; default: the one of the highest priority. */
  preferred?: string | undefined;
  /** Whether it goes back to a more preferred node that can have it again; default false. */
  preempt?: boolean | undefined;
  /** Seconds that such a node waits before; default 0. */
  preemptDelay?: number | undefined;
  /** What must be well on a node for it to have the VIP; default: nothing. */
  checks?: CheckAsked[] | undefined;
  /** systemd's units that are started where the VIP is, in this order, and stopped elsewhere. */
  units?: string[] | undefined;
}

/** What floating IPs alone take. */
export interface HaAddressArgs extends NodesArgs {
  /** One at least; the first one is the stack's `vip`. Plain. */
  vips: AddressVip[];
  /** How all of them move. */
  floatingIp?: Omit<
    FloatingIpOptions,
    "vip" | "furtherVips" | "ownVips" | "virtualRouterId" | "preempt" | "preemptDelay"
  >;
  /** Seconds for which a node refuses a VIP after what is started with it failed there; default 60. */
  holdOff?: number;
  /** Seconds that the units of a VIP may take to start, and to stop; default 60. */
  startLimit?: number;
  /** Seconds in which an update must see each VIP at one node, and answering; default 300. */
  startDeadline?: number;
  /** What the stack is for, which decides how strictly the policies judge it; default `dev`. */
  environment?: Declared["environment"];
  /** Whom the nodes tell of faults (docs/monitoring.md); default: nobody. Kept as a secret. */
  notify?: NotifyArgs | undefined;
  /** The nodes' network, for the policies; default: that of the first VIP. */
  subnet?: Vip;
}
