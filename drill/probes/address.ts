import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { passedOn } from "../../local/child-environment";
import { clock, fromTimeOfDay } from "../../local/clock";
import { tryRun } from "../../local/run";
import { spawnTied } from "../../local/tied";

/*
 * Whether the VIP answers to ICMP, and which node has it: the MAC address in this machine's neighbour table says where
 * packets go. Both are asked of programs that every Linux has, and have their time stamps.
 */

/** When the answer in a line of `ping -D` came, monotonic milliseconds; undefined if the line is no answer. */
export function pingAnswer(line: string): number | undefined {
  const [, time] = /^\[(\d+\.\d+)\] \d+ bytes from /.exec(line) ?? [];
  return time === undefined ? undefined : fromTimeOfDay(Number(time) * 1000);
}

/** A change of the neighbour table. */
export interface Owner {
  /** Monotonic milliseconds. */
  at: number;
  /** MAC address in lower case; empty: no node answers. */
  mac: string;
}

/** The change in a line of `ip -ts monitor neigh`; undefined if it is about another address. */
export function ownerChange(line: string, address: string): Owner | undefined {
  const [, time, rest = ""] = /^\[([\d-]+T[\d:.]+)\]\s+(.*)$/.exec(line) ?? [];
  if (!time || !rest.replace(/^(miss|Deleted) /, "").startsWith(`${address} `)) return undefined;
  const at = fromTimeOfDay(Date.parse(`${time.slice(0, 23)}Z`));
  const mac = /\blladdr ([0-9a-f:]{17})\b/i.exec(rest)?.[1]?.toLowerCase() ?? "";
  return { at, mac: /\b(FAILED|INCOMPLETE)\b|^Deleted /.test(rest) ? "" : mac };
}

/** The MAC address in the output of `ip neigh show`; empty: none. */
export const ownerNow = (text: string): string =>
  /\b(FAILED|INCOMPLETE)\b/.test(text)
    ? ""
    : (/\blladdr ([0-9a-f:]{17})\b/i.exec(text)?.[1]?.toLowerCase() ?? "");

const plain = { ...passedOn(process.env), LC_ALL: "C", TZ: "UTC" };

/** Runs a program after `delay` milliseconds and passes on its lines; runs it again if it ends. @returns ends it */
function lines(command: string, args: string[], tell: (line: string) => void, delay = 0): () => void {
  let child: ChildProcess | undefined;
  let ended = false;
  const start = (): void => {
    if (ended) return;
    child = spawnTied(command, args, { env: plain, stdio: ["ignore", "pipe", "ignore"] });
    if (child.stdout) createInterface({ input: child.stdout }).on("line", tell);
    child.on("error", () => undefined);
    child.on("close", () => setTimeout(start, 100));
  };
  setTimeout(start, delay);
  return () => {
    ended = true;
    child?.kill("SIGKILL");
  };
}

/** With 10 ms or less between requests `ping` keeps a processor busy. So several of them take turns. */
const pings = 3;

/**
 * Watches an address.
 *
 * @param interval milliseconds between two requests
 * @param answered called with the time of each answer
 * @param changed called when the address has another MAC address
 * @returns ends it
 */
export function watchAddress(
  address: string,
  interval: number,
  answered: (at: number) => void,
  changed: (owner: Owner) => void,
): () => void {
  let known: string | undefined;
  const tell = (owner: Owner): void => {
    if (owner.mac === known) return;
    known = owner.mac;
    changed(owner);
  };
  // The monitor does not show what was there before it started, so the table is read now and then.
  const look = (): void =>
    void tryRun("ip", ["neigh", "show", address]).then(
      ({ stdout }) => tell({ at: clock(), mac: ownerNow(stdout) }),
      () => undefined,
    );
  look();
  const looking = setInterval(look, 1_000);
  const ends = [
    () => clearInterval(looking),
    lines("ip", ["-ts", "monitor", "neigh"], (line) => {
      const owner = ownerChange(line, address);
      if (owner) tell(owner);
    }),
    ...Array.from({ length: pings }, (_, turn) =>
      lines(
        "ping",
        ["-n", "-D", "-i", String((pings * interval) / 1000), address],
        (line) => {
          const at = pingAnswer(line);
          if (at !== undefined) answered(at);
        },
        turn * interval,
      ),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}
