import type { Environment } from "./environment";
import type { Vip } from "./vrrp";

/**
 * What a stack says about itself as a whole: the inputs of its component. Known before anything is made, so policies
 * can refuse a stack by it (policy/); also shown by `pulumi stack export`. Nothing in it is secret.
 */
export interface Declared {
  vip: Vip;
  furtherVips: Vip[];
  /** The nodes' network. */
  subnet: Vip;
  virtualRouterId: number;
  /** Seconds between two adverts. */
  advertInterval: number;
  dataDirectory: string;
  environment: Environment;
  nodes: { name: string; address: string; priority: number }[];
}
