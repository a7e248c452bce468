/** A verb of drill/nodes/fault, with its arguments. */
export interface NodeAction {
  at: "node";
  node: string;
  verb: string;
  args: string[];
}

/** What can be done to a machine from outside of it. */
export const machineVerbs = ["power-off", "power-on", "pause", "resume", "unplug", "plug"] as const;

/** To a machine as a whole; `unplug` takes the carrier from the interface that carries the node's address. */
export interface MachineAction {
  at: "machine";
  node: string;
  verb: (typeof machineVerbs)[number];
}

/** node/keepalived/yield, as operators use it: the node gives the VIP away in order, and refuses it for some seconds. */
export interface VipAction {
  at: "vip";
  node: string;
  verb: "yield";
  args: string[];
}

/** To the NFS server: `kill` ends it without a word, `start` starts it again if it does not run. */
export interface ServerAction {
  at: "server";
  verb: "kill" | "start";
}

/**
 * One thing that the drill does to a stack or takes back. Plain data: the journal keeps on disk what is to be taken
 * back, and whoever reads it can do so.
 */
export type Action = NodeAction | VipAction | MachineAction | ServerAction;

export const onNode = (node: string, verb: string, ...args: (string | number)[]): NodeAction => ({
  at: "node",
  node,
  verb,
  args: args.map(String),
});

/** @param seconds 0: refuses it no longer */
export const yieldVip = (node: string, seconds: number): VipAction => ({
  at: "vip",
  node,
  verb: "yield",
  args: [String(seconds)],
});

export const toMachine = (node: string, verb: MachineAction["verb"]): MachineAction => ({
  at: "machine",
  node,
  verb,
});

export const toServer = (verb: ServerAction["verb"]): ServerAction => ({ at: "server", verb });

/** For people. */
export const shownAction = (action: Action): string =>
  action.at === "server"
    ? `NFS server: ${action.verb}`
    : `${action.node}: ${[action.verb, ...(action.at === "machine" ? [] : action.args)].join(" ")}`;
