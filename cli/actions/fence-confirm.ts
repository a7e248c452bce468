import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { tellAgents } from "../../stack/agents";
import type { KnownStack } from "../../stack/known-stack";
import { needsService } from "../../stack/needs-service";
import { knownNode } from "../../stack/nodes";
import { mustBeTold } from "../../stack/orders";
import { signOfLife } from "../../stack/sign-of-life";
import { confirm } from "../ui/confirm";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface FenceConfirmOptions {
  stack: string;
  node: string;
  /** Do not ask. */
  yes?: boolean;
}

/**
 * Tells the other nodes an operator's word that a node is off, after a confirmation. It counts once, for ten minutes.
 *
 * @returns 0
 * @throws Failure if that node answers, or the answer is no; nobody is told then
 */
export async function fenceConfirm(
  known: KnownStack,
  { stack, node, yes = false }: FenceConfirmOptions,
): Promise<number> {
  needsService(known, "no lease waits for a node to be off");
  const asked = knownNode(known, node);
  const others = known.nodes.filter(({ name }) => name !== node);
  const alive = await signOfLife(asked);
  if (alive) throw new Failure(`${node} is not off, and nobody is told so: ${alive}`);
  if (!yes)
    await confirm({
      title: `Your word that ${node} is off lets another node start the service at once. If ${node} runs:`,
      losses: ["two nodes write the same data, and what they write is lost or broken"],
      message: `Did you see for yourself that ${node} is off?`,
      unasked: callOn(stack, "fence-confirm", "--yes", node),
    });
  mustBeTold(await tellAgents(others, ["fence-confirm", node]), say, callOn(stack, "fence-confirm", node));
  say(`the other nodes take ${node} for off: once, for ten minutes, and not after it was seen to live`);
  return 0;
}
