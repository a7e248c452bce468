/** A node's own report (node/release/look). */
export interface NodeLook {
  /** The container that its guard should run; empty if none was named yet. */
  container: string;
  /** If an unfinished upgrade keeps the node out of service: the container that served before. */
  kept?: string | undefined;
  /** Whether its guard starts at boot; on a node that is being made it does not yet. */
  enabled: boolean;
  /** The guard's state, such as `STANDBY`; empty if it does not run. */
  state: string;
  /** Why its guard is in that state. */
  reason: string;
  /** Why the service did not start when its guard last tried; empty if it did, or was not tried. */
  gaveUp: string;
  /** Whether it would take over: its guard finds it fit, keepalived runs, and it is not in maintenance. */
  ready: boolean;
  /** Names of the workload's containers that run. */
  running: string[];
}

/** What an upgrade reads and changes. Tests replace it. */
export interface UpgradeWorld {
  look(node: string): Promise<NodeLook>;
  /** Names the container that a node's guard runs from now on. A node that was kept out is then back in service. */
  point(node: string, container: string): Promise<void>;
  /**
   * Stops a node's guard and its service in order, and keeps the node out of service until its container is named
   * again. Records which container served.
   */
  halt(node: string, former: string): Promise<void>;
  /**
   * On a node, while all nodes are kept out: restores the datastore as it was when a container last had it, unless it
   * still has it. Returns what it did.
   */
  takeBack(node: string, container: string): Promise<string>;
  /** Why the service does not serve; undefined if it does. */
  trouble(): Promise<string | undefined>;
  /** The last lines of guard and container. */
  lastWords(node: string): Promise<string>;
  say(line: string): void;
}
