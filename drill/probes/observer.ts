import { run } from "../../local/run";
import { type Owner, watchAddress } from "./address";
import { type Asked, askAgainAndAgain } from "./https";
import { type Write, WriteClient } from "./writes";

/*
 * The client: a process of its own, since it may have a network namespace of its own, and nothing else may make it
 * wait. It tells what it sees as lines of JSON, and ends with its standard input.
 */

/** What the observer is told, as its one argument. */
export interface ObserverOrder {
  vip: string;
  /** Of the service at the VIP. */
  url: string;
  /** A name of its own for the series of writes; undefined: none are made. */
  run?: string;
  /** The address with prefix that it gives to its interface eth0; undefined: it has one. */
  address?: string;
}

/** A line of the observer. */
export type Seen =
  | { kind: "ready" }
  | { kind: "answer"; at: number }
  | ({ kind: "owner" } & Owner)
  | ({ kind: "asked" } & Asked)
  | ({ kind: "write" } & Write);

/**
 * Milliseconds between two questions: ICMP, HTTPS, writes. The calm ones are for when the fault is over and its node comes
 * back: an emulated node boots several times as long beside one that answers hundreds of questions a second.
 */
export const intervals = { icmp: 5, https: 50, writes: 100 } as const;
export const calmIntervals = { icmp: 50, https: 250, writes: 500 } as const;

const tell = (seen: Seen): void => void process.stdout.write(`${JSON.stringify(seen)}\n`);

/** Waits for a line of standard input. */
const told = (): Promise<void> => new Promise((resolve) => process.stdin.once("data", () => resolve()));

async function observe(order: ObserverOrder): Promise<void> {
  // Whoever made this namespace puts an interface into it first.
  tell({ kind: "ready" });
  await told();
  if (order.address) {
    await run("ip", ["link", "set", "lo", "up"]);
    await run("ip", ["link", "set", "eth0", "up"]);
    await run("ip", ["addr", "add", order.address, "dev", "eth0"]);
  }
  const probe = ({ icmp, https }: typeof intervals | typeof calmIntervals): (() => void) => {
    const ends = [
      watchAddress(
        order.vip,
        icmp,
        (at) => tell({ kind: "answer", at }),
        (owner) => tell({ kind: "owner", ...owner }),
      ),
      askAgainAndAgain(`${order.url}/ping`, https, (asked) => tell({ kind: "asked", ...asked })),
    ];
    return () => {
      for (const end of ends) end();
    };
  };
  let end = probe(intervals);
  const writes =
    order.run === undefined
      ? undefined
      : new WriteClient(order.url, order.run, (write) => tell({ kind: "write", ...write }));
  if (writes) {
    writes.interval = intervals.writes;
    writes.start();
  }
  process.stdin.setEncoding("utf8").on("data", async (words: string) => {
    // "stop": the last write is seen through. The end of the input: whoever started this is gone.
    if (words.includes("stop")) {
      end();
      await writes?.stop();
      process.exit(0);
    }
    // "calm": the new probes are there before the old ones go.
    const before = end;
    end = probe(calmIntervals);
    if (writes) writes.interval = calmIntervals.writes;
    setTimeout(before, 500);
  });
}

if (require.main === module) {
  process.stdin.on("end", () => process.exit(0));
  // A reader that is gone is the same.
  process.stdout.on("error", () => process.exit(0));
  // Ctrl-C of a terminal is the drill's to answer.
  process.on("SIGINT", () => undefined);
  void observe(JSON.parse(process.argv[2] ?? "") as ObserverOrder);
}
