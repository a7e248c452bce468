import type { Page } from "../../domain/page";
import { run } from "../../local/run";
import { type Owner, watchAddress } from "./address";
import { probeService, type ServiceRequest } from "./service";
import { type Write, WriteClient } from "./writes";

/*
 * The client is a process of its own: it may have a network namespace of its own, and nothing else may delay it. It
 * writes what it sees as lines of JSON, and ends when its standard input ends.
 */

/** The observer's only argument, as JSON. */
export interface ObserverOrder {
  vip: string;
  /** The service at the VIP, and what it answers. */
  url: string;
  answers: Page;
  /** A series of writes: where (stores/place.ts), and its name. Undefined: no writes. */
  writes?: { to: string; run: string };
  /** Address and prefix for its interface eth0; undefined: the interface is configured. */
  address?: string;
}

/** A line of the observer. */
export type Seen =
  | { kind: "ready" }
  | { kind: "answer"; at: number }
  | ({ kind: "owner" } & Owner)
  | ({ kind: "asked" } & ServiceRequest)
  | ({ kind: "write" } & Write);

/**
 * Milliseconds between two requests: ICMP, HTTPS, writes. Twice as many take all of an emulated processor, and what is
 * measured then is the client. The slow ones are used after healing: an emulated node takes several times as long to
 * boot beside one that answers many requests.
 */
export const intervals = { icmp: 10, https: 100, writes: 200 } as const;
const slowIntervals = { icmp: 50, https: 250, writes: 500 } as const;

const tell = (seen: Seen): void => void process.stdout.write(`${JSON.stringify(seen)}\n`);

/** Waits for a line of standard input. */
const inputLine = (): Promise<void> => new Promise((resolve) => process.stdin.once("data", () => resolve()));

async function observe(order: ObserverOrder): Promise<void> {
  // The parent puts an interface into this namespace first.
  tell({ kind: "ready" });
  await inputLine();
  if (order.address) {
    await run("ip", ["link", "set", "lo", "up"]);
    await run("ip", ["link", "set", "eth0", "up"]);
    await run("ip", ["addr", "add", order.address, "dev", "eth0"]);
  }
  const probe = ({ icmp, https }: typeof intervals | typeof slowIntervals): (() => void) => {
    const ends = [
      watchAddress(
        order.vip,
        icmp,
        (at) => tell({ kind: "answer", at }),
        (owner) => tell({ kind: "owner", ...owner }),
      ),
      probeService(order.url, order.answers, https, (asked) => tell({ kind: "asked", ...asked })),
    ];
    return () => {
      for (const end of ends) end();
    };
  };
  let end = probe(intervals);
  const writes =
    order.writes &&
    new WriteClient(order.writes.to, order.writes.run, (write) => tell({ kind: "write", ...write }));
  if (writes) {
    writes.interval = intervals.writes;
    writes.start();
  }
  process.stdin.setEncoding("utf8").on("data", async (words: string) => {
    // "stop": ends once the last write has its outcome.
    if (words.includes("stop")) {
      end();
      await writes?.stop();
      process.exit(0);
    }
    // "slow": the new probes start before the old ones end.
    const before = end;
    end = probe(slowIntervals);
    if (writes) writes.interval = slowIntervals.writes;
    setTimeout(before, 500);
  });
}

if (require.main === module) {
  process.stdin.on("end", () => process.exit(0));
  // The parent is gone.
  process.stdout.on("error", () => process.exit(0));
  // The drill handles Ctrl-C.
  process.on("SIGINT", () => undefined);
  void observe(JSON.parse(process.argv[2] ?? "") as ObserverOrder);
}
