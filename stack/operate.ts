import { callOf } from "../local/called";
import { Failure } from "../local/errors";
import { awaitHolders } from "../providers/vip/holders";
import { runScript, type Script } from "../providers/vip/scripts";
import type { KnownStack } from "./known-stack";
import { answerLimit } from "./measure";
import { endpointOf, knownNode } from "./nodes";

/** Runs a script of node/keepalived on a node. */
export async function onNode(stack: KnownStack, name: string, script: Script, args: string[]): Promise<void> {
  const node = knownNode(stack, name);
  try {
    await runScript(await endpointOf(node), script, args);
  } catch (error) {
    throw new Failure(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Milliseconds in which a planned move must be seen. The move itself is fast; but the service keeps its new node busy,
 * which then answers late.
 */
const patience = { all: 60_000, once: answerLimit, pause: 100 };

/**
 * Waits until the holders are as wanted; returns them, and the seconds that it took.
 *
 * @param otherwise the message if they do not become so
 * @throws Failure with that message, or with the nodes that did not answer
 */
export async function holdersWhen(
  { nodes, vip, vips = [] }: KnownStack,
  wanted: (holders: string[]) => boolean,
  otherwise: string,
  given = patience,
): Promise<{ holders: string[]; seconds: number }> {
  const begin = performance.now();
  const asked = await Promise.all(
    nodes.map(async (node) => ({ name: node.name, ssh: await endpointOf(node) })),
  );
  const all = [...new Set([vip, ...vips.map((each) => each.vip)])];
  const { holders, unreachable } = await awaitHolders(asked, all, wanted, given);
  if (wanted(holders)) return { holders, seconds: (performance.now() - begin) / 1000 };
  const silent = `whether the VIP moved is not known, ${unreachable.join(" and ")} did not answer over SSH`;
  throw new Failure(`${unreachable.length ? silent : otherwise}: look with \`${callOf("status")}\``);
}
