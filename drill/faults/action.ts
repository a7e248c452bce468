/** A verb of node/drill/fault, with its arguments. */
export interface NodeAction {
  at: "node";
  node: string;
  verb: string;
  args: string[];
}

/** What a hypervisor can do to a machine. */
export const machineVerbs = ["power-off", "power-on", "pause", "resume", "unplug", "plug"] as const;

/** A verb for a machine. `unplug` takes the carrier from the interface with the node's address. */
export interface MachineAction {
  at: "machine";
  node: string;
  verb: (typeof machineVerbs)[number];
}

/** A switchover by node/keepalived/yield: the node gives the VIP up and refuses it for some seconds. */
interface VipAction {
  at: "vip";
  node: string;
  verb: "yield";
  args: string[];
}

/**
 * A verb for the NFS server: `kill` sends SIGKILL, `start` starts it if it does not run; `stop` sends SIGSTOP, and
 * `continue` SIGCONT.
 */
export interface ServerAction {
  at: "server";
  verb: "kill" | "start" | "stop" | "continue";
}

/** Nothing is done for some seconds. */
interface WaitAction {
  at: "drill";
  verb: "wait";
  seconds: number;
}

/**
 * One thing that the drill does to a stack. It is plain data, so that the journal can keep on disk what must be taken
 * back.
 */
export type Action = NodeAction | VipAction | MachineAction | ServerAction | WaitAction;

export const onNode = (node: string, verb: string, ...args: (string | number)[]): NodeAction => ({
  at: "node",
  node,
  verb,
  args: args.map(String),
});

/** @param seconds for which the node refuses the VIP; 0: it refuses it no longer */
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

export const waitFor = (seconds: number): WaitAction => ({ at: "drill", verb: "wait", seconds });

/** The node that an action is done to, if it is one. */
export const nodeOf = (action: Action): string | undefined =>
  action.at === "server" || action.at === "drill" ? undefined : action.node;

/** An action as text for people. */
export function shownAction(action: Action): string {
  if (action.at === "server") return `NFS server: ${action.verb}`;
  if (action.at === "drill") return `wait ${action.seconds} s`;
  return `${action.node}: ${[action.verb, ...(action.at === "machine" ? [] : action.args)].join(" ")}`;
}
