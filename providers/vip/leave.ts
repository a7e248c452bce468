import { messageOf } from "../../local/errors";
import { lastServing } from "../one-by-one";
import type { SshEndpoint } from "../remote/endpoint";
import { awaitHolders, type Holders, measureHolders } from "./holders";
import { runScript } from "./scripts";

/** The nodes that can have a VIP. */
export interface Members {
  /** Without prefix. */
  vip: string;
  /** VIPs that move each by itself: who has one of them is a holder, too. */
  others?: string[];
  endpoints: Record<string, SshEndpoint>;
  /** Names of the nodes, the most preferred first. Pulumi does not keep the order of maps. */
  order: string[];
}

/** Milliseconds for a node that does not answer. It is probably dead, and the others wait for it. */
export const patienceWithSilence = 60_000;

/** Milliseconds that a node may take to report its addresses: a login to a busy emulated machine takes long. */
const once = 10_000;

/** Times for a move of the VIP, in milliseconds. */
const patience = { all: 60_000, once, pause: 100 };

/** The actions on nodes, and the measurement. Tests replace it. */
export interface Actions {
  holders(): Promise<Holders>;
  /** Waits until the holders are as wanted, or the time is over; returns the last measurement. */
  awaitHolders(wanted: (holders: string[]) => boolean): Promise<Holders>;
  /** Makes a node refuse the VIP from now on. Returns when its service has ended in order. */
  dismiss(name: string, isSilent: boolean): Promise<void>;
  say(line: string): void;
}

/** All VIPs that have a holder of their own. */
export const vipsIn = ({ vip, others = [] }: Pick<Members, "vip" | "others">): string[] => [vip, ...others];

function actionsOn(members: Members): Actions {
  const { endpoints } = members;
  const vips = vipsIn(members);
  const nodes = Object.entries(endpoints).map(([name, ssh]) => ({ name, ssh }));
  return {
    holders: () => measureHolders(nodes, vips, once),
    awaitHolders: (wanted) => awaitHolders(nodes, vips, wanted, patience),
    async dismiss(name, isSilent) {
      const ssh = endpoints[name];
      if (!ssh) throw new Error(`\`endpoints\` does not name ${name}`);
      await runScript(ssh, "maintenance", ["on"], "", isSilent ? patienceWithSilence : undefined);
    },
    say: (line) => console.log(line),
  };
}

/**
 * Makes nodes that leave hand over. They refuse the VIP from now on, and if one of them had it, another node has it at
 * the end. keepalived is removed from them only later, and their former peers no longer listen to them: with the VIP
 * they would be a second holder. If a node cannot hand over, the others take over as after a crash; this is reported,
 * and is no failure.
 */
export async function handOver(
  olds: Members,
  news: Pick<Members, "order">,
  on = actionsOn(olds),
): Promise<void> {
  const leaving = olds.order.filter((name) => !news.order.includes(name));
  if (leaving.length === 0) return;
  const before = await on.holders();
  // One after the other, the holder last: else the VIP might go to one that leaves, too.
  const told: string[] = [];
  for (const name of lastServing(leaving, before.holders)) {
    try {
      await on.dismiss(name, before.unreachable.includes(name));
      told.push(name);
    } catch (error) {
      on.say(`${name}, which leaves the stack, cannot be made to refuse the VIP: ${messageOf(error)}`);
    }
  }
  if (!told.some((name) => before.holders.includes(name))) return;
  const isOver = (holders: string[]): boolean =>
    holders.length > 0 && !holders.some((name) => leaving.includes(name));
  const { holders } = await on.awaitHolders(isOver);
  if (!isOver(holders))
    on.say(`${leaving.join(" and ")} is to be removed, and no other node has taken the VIP from it yet`);
}
