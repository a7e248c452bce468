import { callOn } from "../../local/called";
import { tellAgents } from "../../stack/agents";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import type { NodeReport } from "../../stack/node-report";
import { mustBeTold } from "../../stack/orders";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface FailuresOptions {
  stack: string;
  /** Forget them. */
  clear?: boolean;
  /** Wait for who works on the stack, to forget them. */
  wait?: boolean;
  json?: boolean;
}

/** One node's failures since the service was last well there. */
interface NodeFailures {
  node: string;
  /** Null if it is not known. */
  failures: number | null;
  /** Why the last one happened, or why nothing is known. */
  why: string | null;
}

export function failuresOf({ name, status, error }: NodeReport): NodeFailures {
  const { health, agent } = status ?? {};
  const failures = health?.failures ?? null;
  const unknown = error?.split("\n")[0] ?? agent?.reason ?? "its agent does not say it";
  return { node: name, failures, why: failures === null ? unknown : (health?.failure ?? null) };
}

const shown = ({ node, failures, why }: NodeFailures): string =>
  `${node}: ${failures === null ? "not known" : failures === 0 ? "none" : `${failures}`}${why ? ` (${why})` : ""}`;

/** Shows how often the service failed on each node, or has that forgotten. @returns 0; 1 if a node did not say it */
export async function failures(
  known: KnownStack,
  { stack, clear = false, json = false }: FailuresOptions,
): Promise<number> {
  needsService(known, "no failures are counted: `status` shows why a node refuses a VIP");
  if (clear) {
    const told = await tellAgents(known.nodes, ["failures", "--clear"]);
    mustBeTold(told, say, callOn(stack, "failures", "--clear"));
    say("the failures on all nodes are forgotten");
    return 0;
  }
  const found = (await askNodes(known.nodes)).map(failuresOf);
  say(json ? JSON.stringify(found, undefined, 2) : found.map(shown).join("\n"));
  return found.every((each) => each.failures !== null) ? 0 : 1;
}
