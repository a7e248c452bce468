import { Failure } from "../cli/errors";
import { reach } from "../cli/reach";
import { awaitHolders } from "../providers/vip/holders";
import { runScript, type Script } from "../providers/vip/scripts";
import type { KnownNode, KnownStack } from "./known-stack";
import { answerLimit, endpointOf } from "./measure";

/** The stack, for a command that changes something on its nodes; or the code of the one that did it in the lab. */
export async function reachToOperate(stack: string, argv: string[]): Promise<KnownStack | number> {
  const reached = await reach(stack, argv);
  switch (reached.kind) {
    case "here":
      return reached.known;
    case "done":
      return reached.code;
    case "not-up":
      throw new Failure(`the stack \`${stack}\` is not up: \`npm run up\` makes it`);
    case "lab-stopped":
      throw new Failure("the lab does not run: `npm run up` starts it and the machines");
  }
}

/** A node by its name. @throws Failure if there is none */
export function knownNode({ nodes }: KnownStack, name: string): KnownNode {
  const node = nodes.find((each) => each.name === name);
  if (!node) throw new Failure(`there is no node ${name}`);
  return node;
}

/** Runs a script of floating-ip/ on a node. */
export async function onNode(stack: KnownStack, name: string, script: Script, args: string[]): Promise<void> {
  const node = knownNode(stack, name);
  try {
    await runScript(await endpointOf(node), script, args);
  } catch (error) {
    throw new Failure(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * A planned move must be seen in this time: the service that has just moved makes its new node busy, which then takes long
 * to answer, not to move.
 */
const patience = { all: 60_000, once: answerLimit, pause: 100 };

/**
 * Waits until the holders are as wanted; gives them, and how long it took, in seconds.
 *
 * @param otherwise what to say if they are not
 * @throws Failure with that, or with who did not say what it holds
 */
export async function holdersWhen(
  { nodes, vip }: KnownStack,
  wanted: (holders: string[]) => boolean,
  otherwise: string,
  given = patience,
): Promise<{ holders: string[]; seconds: number }> {
  const begin = performance.now();
  const asked = await Promise.all(
    nodes.map(async (node) => ({ name: node.name, ssh: await endpointOf(node) })),
  );
  const { holders, unreachable } = await awaitHolders(asked, vip, wanted, given);
  if (wanted(holders)) return { holders, seconds: (performance.now() - begin) / 1000 };
  const silent = `whether the VIP moved is not known, ${unreachable.join(" and ")} did not answer over SSH`;
  throw new Failure(`${unreachable.length ? silent : otherwise}: look with \`npm run status\``);
}
