import { setTimeout as sleep } from "node:timers/promises";
import { callOf, callOn } from "../../local/called";
import { Failure, messageOf } from "../../local/errors";
import { runNodeScript } from "../../providers/remote/script";
import { asRoot, exec } from "../../providers/remote/ssh";
import { checkSettingsFile } from "../../settings/file";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { measure } from "../../stack/measure";
import { endpointOf, knownNode } from "../../stack/nodes";
import {
  isRebooted,
  type PackageWord,
  type Patched,
  parsePatched,
  patchOrder,
  type RebootWord,
} from "../../stack/patch-plan";
import { existingStackFile } from "../../stack/stack-file";
import { judge } from "../../stack/verdict";
import type { ReachedStack } from "../place";
import { maintenance } from "./maintenance";

export interface PatchOptions {
  stack: string;
  /** Empty: all packages. */
  only: readonly PackageWord[];
  reboot: RebootWord;
}

/** Milliseconds: an upgrade of everything on a slow machine; a node from `reboot` to its login. */
const limits = { upgrade: 3_600_000, boot: 900_000, question: 30_000 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Upgrades the systems' packages, one node after the other, those that do not serve first; each is in maintenance meanwhile, and
 * the next one begins when the stack is healthy again.
 *
 * @returns 0
 * @throws Failure at the first node that fails; it stays in maintenance, and another one serves
 */
export async function patch(
  { known, machines }: ReachedStack,
  { stack, only, reboot }: PatchOptions,
): Promise<number> {
  const before = await measure(known);
  const { state, message } = judge(before.nodes, before.ping);
  if (state !== "healthy")
    throw new Failure(
      `nothing is upgraded while the stack is not healthy: ${message}. \`${callOn(stack, "status")}\` says what mends it`,
    );
  const left: string[] = [];
  for (const name of patchOrder(before.nodes)) {
    const isMachine = machines.some((machine) => machine.name === name);
    await maintenance(known, { node: name, on: true });
    const said = await orStays(stack, name, () => patchNode(knownNode(known, name), only, isMachine, reboot));
    await maintenance(known, { node: name, on: false });
    await healthy(known, stack, name);
    if (said.reboot) left.push(`${name} (kernel ${said.version}, installed ${said.kernel})`);
  }
  say("all nodes are upgraded");
  if (left.length > 0)
    say(
      `a boot is still needed by ${left.join(" and ")}: \`${callOn(stack, "patch", "--reboot", "all")}\` does it`,
    );
  return 0;
}

/** A node that failed stays where it can do no harm. */
async function orStays<T>(stack: string, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Failure(
      `${name} was not upgraded, and stays in maintenance; the other nodes were not touched: ${messageOf(error)}
Look at it with \`${callOn(stack, "ssh", name)}\`; \`${callOn(stack, "maintenance", name, "off")}\` lets it serve again, and \`${callOn(stack, "patch")}\` goes on`,
    );
  }
}

async function patchNode(
  node: KnownNode,
  only: readonly PackageWord[],
  isMachine: boolean,
  reboot: RebootWord,
): Promise<Patched> {
  say(`${node.name}: upgrading ${only.length > 0 ? only.join(", ") : "all packages"}`);
  const run = async (...args: string[]): Promise<Patched> =>
    parsePatched(
      await runNodeScript(await endpointOf(node), { path: "host/patch", limit: limits.upgrade }, args),
    );
  const said = await run("upgrade", ...only);
  if (!isRebooted(said, isMachine, reboot)) return await run("restart");
  say(`${node.name}: booting${said.kernel === said.version ? "" : ` into ${said.kernel}`}`);
  await boot(node);
  return { ...said, reboot: false };
}

/** Boots a node; returns when it lets us in again. */
async function boot(node: KnownNode): Promise<void> {
  const ssh = await endpointOf(node);
  const ask = async (): Promise<string> => {
    const { code, stdout } = await exec(ssh, "cat /proc/sys/kernel/random/boot_id", {
      timeout: limits.question,
    });
    return code === 0 ? stdout.trim() : "";
  };
  const before = await ask();
  // It may be cut off before the answer.
  await exec(ssh, asRoot(ssh, "systemctl reboot"), { timeout: limits.question }).catch(() => undefined);
  const end = performance.now() + limits.boot;
  for (;;) {
    await sleep(2_000);
    const now = await ask().catch(() => "");
    if (now !== "" && now !== before) return;
    if (performance.now() > end) throw new Error("it did not come back after a reboot");
  }
}

/** Waits until the stack is healthy with a node that was upgraded. */
async function healthy(known: KnownStack, stack: string, name: string): Promise<void> {
  const { startDeadline } = checkSettingsFile(existingStackFile(stack));
  const end = performance.now() + 1_000 * (startDeadline + 120);
  let before = "";
  for (;;) {
    const { nodes, ping } = await measure(known);
    const { state, message } = judge(nodes, ping);
    if (state === "healthy") return say(`${name} is upgraded, and the stack is healthy`);
    if (message !== before) say(message);
    before = message;
    if (performance.now() > end)
      throw new Failure(
        `the stack is not healthy after the upgrade of ${name}, so the other nodes were not touched: ${message}; look with \`${callOf("status")}\``,
      );
    await sleep(2_000);
  }
}
