import type { SshEndpoint } from "../remote/endpoint";
import { awaitHolders, type Holders, measureHolders } from "./holders";
import { runScript } from "./scripts";

/** The nodes that can have a VIP. */
export interface Members {
  /** Without prefix. */
  vip: string;
  endpoints: Record<string, SshEndpoint>;
  /** Names of the nodes, the most preferred first: what goes through the engine by name loses its order. */
  order: string[];
}

/** Milliseconds for a node that does not answer: it may be busy, but is likely dead, and the others wait for it. */
export const patienceWithSilence = 60_000;

/** Milliseconds that a node may take to say what it holds: a login to an emulated processor under load takes long. */
const once = 10_000;

/** How a move of the VIP is waited for; milliseconds. */
const patience = { all: 60_000, once, pause: 100 };

/** What is done on nodes, and seen there. */
export interface Actions {
  holders(): Promise<Holders>;
  /** Waits until the holders are as wanted, or for a while; gives those seen last. */
  awaitHolders(wanted: (holders: string[]) => boolean): Promise<Holders>;
  /** Tells a node to hold no VIP from now on; comes back when its service has ended in order. */
  dismiss(name: string, isSilent: boolean): Promise<void>;
  say(line: string): void;
}

function actionsOn({ vip, endpoints }: Members): Actions {
  const nodes = Object.entries(endpoints).map(([name, ssh]) => ({ name, ssh }));
  return {
    holders: () => measureHolders(nodes, vip, once),
    awaitHolders: (wanted) => awaitHolders(nodes, vip, wanted, patience),
    async dismiss(name, isSilent) {
      const ssh = endpoints[name];
      if (!ssh) throw new Error(`\`endpoints\` does not name ${name}`);
      await runScript(ssh, "maintenance", ["on"], "", isSilent ? patienceWithSilence : undefined);
    },
    say: (line) => console.log(line),
  };
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Nodes that leave hand over: they hold no VIP from now on, and if one of them had it, another node has it when this
 * comes back. Until their own resources take keepalived off them, which comes last, they would be a second holder for
 * their former peers, who no longer listen to them. A node that cannot hand over is left to the others, which take
 * over as after a crash; that is said, and is no failure.
 */
export async function handOver(
  olds: Members,
  news: Pick<Members, "order">,
  on = actionsOn(olds),
): Promise<void> {
  const leaving = olds.order.filter((name) => !news.order.includes(name));
  if (leaving.length === 0) return;
  const before = await on.holders();
  const told = await Promise.all(
    leaving.map(async (name): Promise<string[]> => {
      try {
        await on.dismiss(name, before.unreachable.includes(name));
        return [name];
      } catch (error) {
        on.say(`${name}, which is to be removed, cannot be told to hold nothing: ${message(error)}`);
        return [];
      }
    }),
  );
  if (!told.flat().some((name) => before.holders.includes(name))) return;
  const isOver = (holders: string[]): boolean =>
    holders.length > 0 && !holders.some((name) => leaving.includes(name));
  const { holders } = await on.awaitHolders(isOver);
  if (!isOver(holders))
    on.say(`${leaving.join(" and ")} is to be removed, and no other node has taken the VIP from it yet`);
}
