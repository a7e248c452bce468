/** A node's own report (node/release/look). */
export interface NodeLook {
  /** The container that its agent should run; empty if none was named yet. */
  container: string;
  /** If an unfinished upgrade keeps the node out of service: the container that served before. */
  kept?: string | undefined;
  /** Whether its agent starts at boot; on a node that is being made it does not yet. */
  enabled: boolean;
  /** The agent's state, such as `standby`; empty if it does not run. */
  state: string;
  /** Why its agent is in that state. */
  reason: string;
  /** Why the service did not start when its agent last tried; empty if it did, or was not tried. */
  gaveUp: string;
  /** Whether it would take over: its agent finds it fit, keepalived runs, and it is not in maintenance. */
  ready: boolean;
  /** Names of the workload's containers that run. */
  running: string[];
}

/** What became of an order to restore the datastore. */
export interface TakenBack {
  /** The container that has answered since: then nothing was done. */
  answered?: string | undefined;
  /** What was done, for a sentence that begins with "serves again: ". */
  words: string;
}

/** What an upgrade reads and changes. Tests replace it. */
export interface UpgradeWorld {
  look(node: string): Promise<NodeLook>;
  /** Names the container that a node's agent runs from now on. A node that was kept out is then back in service. */
  point(node: string, container: string): Promise<void>;
  /** Names the container of a node that is kept out; it stays so. */
  name(node: string, container: string): Promise<void>;
  /**
   * Stops a node's agent and its service in order, and keeps the node out of service until its container is named
   * again (`point`). Records which container served.
   */
  halt(node: string, former: string): Promise<void>;
  /**
   * On a node, while all nodes are kept out: restores the datastore as it was when a container last had it, unless it
   * still has it.
   *
   * @param discarded the container whose writes may be lost; those of any other that has answered may not
   */
  takeBack(node: string, container: string, discarded: string): Promise<TakenBack>;
  /** Why the service does not serve; undefined if it does. */
  trouble(): Promise<string | undefined>;
  /** The last lines of agent and container. */
  lastWords(node: string): Promise<string>;
  say(line: string): void;
}
