/** What a node said of itself (node/release/look). */
export interface NodeLook {
  /** The container that its guard is to run; empty: none was named yet. */
  container: string;
  /** If an upgrade that has not come to its end keeps it out of service: the container that served before. */
  kept?: string | undefined;
  /** Whether its guard starts at boot: on a node that is being made it does not yet. */
  enabled: boolean;
  /** The guard's state, such as `STANDBY`; empty if it does not run. */
  state: string;
  /** Why its guard is in that state. */
  reason: string;
  /** Why the service did not come up when its guard last tried; empty if it did, or was not tried. */
  gaveUp: string;
  /** Whether it would take over: its guard finds it fit, keepalived runs, and it is not in maintenance. */
  ready: boolean;
  /** Names of the workload's containers that run. */
  running: string[];
}

/** What an upgrade needs of the world. */
export interface UpgradeWorld {
  look(node: string): Promise<NodeLook>;
  /** Names a node's container, and has its guard run that from now on; a node kept out is back in service. */
  point(node: string, container: string): Promise<void>;
  /** Stops a node's guard in order, and its service, and keeps it out until it is pointed again; notes who served. */
  halt(node: string, former: string): Promise<void>;
  /**
   * On a node, with all kept out: puts the datastore back as it was when a container had it last, unless it has it
   * still. Says what it did.
   */
  takeBack(node: string, container: string): Promise<string>;
  /** Undefined if the service serves; or else why not. */
  trouble(): Promise<string | undefined>;
  /** The last lines of guard and container. */
  lastWords(node: string): Promise<string>;
  say(line: string): void;
}
