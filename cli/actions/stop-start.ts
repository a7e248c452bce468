import { setTimeout as sleep } from "node:timers/promises";
import { shellQuote } from "../../domain/shell-quote";
import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { checkSettingsFile } from "../../settings/file";
import { orderedReason } from "../../stack/agent-findings";
import { tellAgents } from "../../stack/agents";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes, measure } from "../../stack/measure";
import type { NodeReport } from "../../stack/node-report";
import { knownNode } from "../../stack/nodes";
import { checkedReason, isDown, mustBeTold, stopOrder, untilAll } from "../../stack/orders";
import { existingStackFile } from "../../stack/stack-file";
import { judge } from "../../stack/verdict";
import { handOverLimit } from "./orders";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A paused agent would not do what it is told. */
function refusePaused(reports: NodeReport[], stack: string): void {
  const paused = orderedReason(reports, "paused");
  if (paused)
    throw new Failure(
      `the agents are paused (${paused}), and do nothing: \`${callOn(stack, "resume")}\` first`,
    );
}

/**
 * Stops the service in order on all nodes; it then runs nowhere until {@link start}.
 *
 * @returns 0
 * @throws Failure if it did not end in time, or a node was not told; the others were
 */
export async function stop(known: KnownStack, stack: string, given: string): Promise<number> {
  const reason = checkedReason(given);
  const reports = await askNodes(known.nodes);
  refusePaused(reports, stack);
  const told = [];
  // Whoever could take over is told before the owner ends.
  for (const names of stopOrder(reports)) {
    if (names.length === 0) continue;
    say(`telling ${names.join(" and ")} to stop`);
    told.push(
      ...(await tellAgents(
        names.map((name) => knownNode(known, name)),
        ["halt", reason],
      )),
    );
  }
  const reached = told.filter(({ error }) => !error).map(({ name }) => knownNode(known, name));
  await untilAll(isDown, "the service has not ended yet", {
    ...{ look: () => askNodes(reached), say, limit: handOverLimit(stack) },
  });
  mustBeTold(told, say, callOn(stack, "stop", shellQuote(reason)));
  say(`the service is stopped on all nodes, until \`${callOn(stack, "start")}\``);
  return 0;
}

/**
 * Ends {@link stop}, and waits until the service answers.
 *
 * @returns 0
 * @throws Failure if it does not answer in `startDeadline`, or a node was not told; the others were
 */
export async function start(known: KnownStack, stack: string): Promise<number> {
  const { startDeadline } = checkSettingsFile(existingStackFile(stack));
  refusePaused(await askNodes(known.nodes), stack);
  const told = await tellAgents(known.nodes, ["start"]);
  const end = performance.now() + 1_000 * (startDeadline + 60);
  let before = "";
  for (;;) {
    const { nodes, ping } = await measure(known);
    const { message } = judge(nodes, ping);
    if (ping.ok) break;
    if (message !== before) say(message);
    before = message;
    if (performance.now() > end) throw new Failure(`the service does not answer: ${message}`);
    await sleep(1_000);
  }
  mustBeTold(told, say, callOn(stack, "start"));
  say(`the service answers at ${known.url}`);
  return 0;
}
