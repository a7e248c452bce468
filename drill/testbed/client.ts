import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { passedOn } from "../../local/child-environment";
import { packageRoot } from "../../local/root";
import { run, tryRun } from "../../local/run";
import type { ObserverOrder, Seen } from "../probes/observer";
import { passwordVariable } from "../probes/stores/place";
import type { ClientView } from "../recording";
import type { Client } from "./testbed";

const program = (): string => join(packageRoot, "dist", "drill", "probes", "observer.js");

/** Where a client with a network namespace of its own joins the nodes' network. */
export interface Attachment {
  /** The bridge. */
  bridge: string;
  /** A free address with the network's prefix. */
  address: string;
}

/** The client takes the password of the place that it writes to from there. */
const observerEnvironment = (password: string | undefined): NodeJS.ProcessEnv => ({
  ...passedOn(process.env),
  ...(password === undefined ? {} : { [passwordVariable]: password }),
});

/** Milliseconds for the client to start, and for its last write to have an outcome. */
const patience = 20_000;

/**
 * Finds the bridge that leads to the VIP, and a free address on it.
 *
 * @param taken addresses that must not be used
 */
export async function findAttachment(vip: string, taken: string[]): Promise<Attachment> {
  const { stdout: route } = await run("ip", ["-o", "-4", "route", "get", vip]);
  const bridge = / dev (\S+)/.exec(route)?.[1] ?? "";
  const { stdout: own } = await run("ip", ["-o", "-4", "addr", "show", "dev", bridge]);
  const [, network, host, prefix] = /inet (\d+\.\d+\.\d+)\.(\d+)\/(\d+)/.exec(own) ?? [];
  if (!network || !prefix) throw new Error(`no bridge of this machine leads to the VIP ${vip}`);
  for (let last = 250; last > 1; last--) {
    const address = `${network}.${last}`;
    if (taken.includes(address) || String(last) === host) continue;
    const { code } = await tryRun("ping", ["-c", "1", "-W", "1", "-n", address]);
    if (code !== 0) return { bridge, address: `${address}/${prefix}` };
  }
  throw new Error(`there is no free address in the network of ${vip}`);
}

/**
 * Joins a process's network namespace to the bridge. A bridge without a MAC address of its own takes the lowest one of
 * its ports, so the port must have a high one.
 */
async function connect(pid: number, bridge: string): Promise<void> {
  const outer = `drill${pid}`;
  const inner = ["peer", "name", "eth0", "netns", String(pid)];
  await run("ip", ["link", "add", outer, "address", highMac(pid), "type", "veth", ...inner]);
  await run("ip", ["link", "set", outer, "master", bridge, "up"]);
}

/** A local MAC address above those that hypervisors give. */
const highMac = (pid: number): string =>
  `fe:ff:ff:${[16, 8, 0].map((bits) => ((pid >> bits) & 0xff).toString(16).padStart(2, "0")).join(":")}`;

/** Adds an event of the observer to the view. */
function take(view: ClientView, seen: Seen): void {
  if (seen.kind === "answer") view.answers.push(seen.at);
  else if (seen.kind === "owner") view.owners.push({ at: seen.at, mac: seen.mac });
  else if (seen.kind === "asked") {
    const { kind: _, ...asked } = seen;
    view.asked.push(asked);
  } else if (seen.kind === "write") {
    const { kind: _, ...write } = seen;
    view.writes.push(write);
  }
}

/**
 * Starts a client. With an attachment it gets a network namespace of its own. The namespace and its link to the bridge
 * vanish with the process, however that ends.
 *
 * @param password of the place that it writes to
 */
export async function startClient(
  order: ObserverOrder,
  attachment: Attachment | undefined,
  password: string | undefined,
): Promise<Client> {
  const full = attachment ? { ...order, address: attachment.address } : order;
  const argv = [process.execPath, program(), JSON.stringify(full)];
  const [command = "", ...args] = attachment ? ["unshare", "--net", "--", ...argv] : argv;
  // Not in the terminal's process group: Ctrl-C is the drill's to answer.
  const child = spawn(command, args, {
    env: observerEnvironment(password),
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const view: ClientView = { answers: [], owners: [], asked: [], writes: [] };
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.on("error", () => undefined);
  const ready = new Promise<void>((resolve, reject) => {
    const slow = setTimeout(() => reject(new Error("the client does not start")), patience);
    child.once("error", reject);
    void closed.then(() => reject(new Error("the client ended before it began")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const seen = JSON.parse(line) as Seen;
      if (seen.kind !== "ready") return take(view, seen);
      clearTimeout(slow);
      resolve();
    });
  });
  try {
    await ready;
    if (attachment) await connect(child.pid ?? 0, attachment.bridge);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  child.stdin.write("begin\n");
  return {
    view,
    slowDown: () => void child.stdin.write("slow\n"),
    async stop() {
      child.stdin.write("stop\n");
      const slow = setTimeout(() => child.kill("SIGKILL"), patience);
      await closed;
      clearTimeout(slow);
    },
  };
}
