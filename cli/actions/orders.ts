import { shellQuote } from "../../domain/shell-quote";
import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { checkSettingsFile } from "../../settings/file";
import { tellAgents } from "../../stack/agents";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import { knownNode } from "../../stack/nodes";
import { checkedReason, isDown, mustBeTold, untilAll } from "../../stack/orders";
import { existingStackFile } from "../../stack/stack-file";
import { nodeNamed, whyNotReady } from "../../stack/switchover-plan";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Milliseconds that a node may take to hand over in order, by the stack's settings. */
export function handOverLimit(stack: string): number {
  const { stopGrace, startLimit, watchdog } = checkSettingsFile(existingStackFile(stack)).guard;
  return 1_000 * (stopGrace + startLimit + 3 * watchdog + 60);
}

/** Lets all agents look on and touch nothing. @returns 0 */
export async function pause(known: KnownStack, stack: string, given: string): Promise<number> {
  const reason = checkedReason(given);
  mustBeTold(
    await tellAgents(known.nodes, ["pause", reason]),
    say,
    callOn(stack, "pause", shellQuote(reason)),
  );
  say(`all agents look on and touch nothing, and nobody takes over, until \`${callOn(stack, "resume")}\``);
  return 0;
}

/** Ends {@link pause}. @returns 0 */
export async function resume(known: KnownStack, stack: string): Promise<number> {
  mustBeTold(await tellAgents(known.nodes, ["resume"]), say, callOn(stack, "resume"));
  say("all agents act again");
  return 0;
}

/**
 * Lets a node not serve. If it does, it hands over first.
 *
 * @returns 0
 * @throws Failure if no other node could serve; nothing is done then
 */
export async function ban(
  known: KnownStack,
  { stack, node, reason: given }: { stack: string; node: string; reason: string },
): Promise<number> {
  const reason = checkedReason(given);
  const reports = await askNodes(known.nodes);
  const report = nodeNamed(reports, node);
  const serves = !isDown(report) && report.status !== undefined;
  const others = reports.filter((each) => each !== report);
  const able = others.some((each) => each.status?.lease?.heldHere || !whyNotReady(each));
  if (!able && !report.status?.orders?.banned)
    throw new Failure(
      `without ${node} no node could serve: ${others.map(whyNotReady).join("; ")}. \`${callOn(stack, "stop", shellQuote(reason))}\` stops the service everywhere`,
    );
  const wanted = [knownNode(known, node)];
  mustBeTold(await tellAgents(wanted, ["ban", reason]), say, callOn(stack, "ban", node, shellQuote(reason)));
  if (serves)
    await untilAll(isDown, `${node} is banned, and has not handed over yet`, {
      ...{ look: () => askNodes(wanted), say, limit: handOverLimit(stack) },
    });
  say(`${node} does not serve until \`${callOn(stack, "allow", node)}\``);
  return 0;
}

/** Ends {@link ban}. @returns 0 */
export async function allow(known: KnownStack, stack: string, node: string): Promise<number> {
  const told = await tellAgents([knownNode(known, node)], ["allow"]);
  mustBeTold(told, say, callOn(stack, "allow", node));
  say(`${node} may serve again`);
  return 0;
}

/**
 * Lets a node serve next, if it is fit for it; nothing moves now.
 *
 * @param node a node's name, or `none`
 * @returns 0
 */
export async function prefer(known: KnownStack, stack: string, node: string): Promise<number> {
  needsService(known, "each VIP has `preferred` in `address.vips`");
  const name = node === "none" ? "" : knownNode(known, node).name;
  mustBeTold(await tellAgents(known.nodes, ["prefer", name]), say, callOn(stack, "prefer", node));
  say(
    name
      ? `${name} serves next, if it is fit; \`${callOn(stack, "switchover", name)}\` moves the service there now`
      : "no node is preferred",
  );
  return 0;
}
