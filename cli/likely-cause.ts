import { likelyCause } from "../domain/causes";
import { runReleaseScript } from "../providers/release/scripts";
import type { KnownNode, KnownStack } from "../stack/known-stack";
import type { NodeReport } from "../stack/node-report";
import { endpointOf } from "../stack/nodes";
import type { Verdict } from "../stack/verdict";
import { causesOf } from "../workloads/answers";

/** Prints what a node's agent and its containers said last. */
export type LastWords = (node: KnownNode) => Promise<string>;

const lastWordsOf: LastWords = async (node) => await runReleaseScript(await endpointOf(node), "last-words");

/** Where the service runs and does not answer, or has been tried in vain. */
const hasFailed = ({ status }: NodeReport): boolean =>
  Boolean(status?.lease?.heldHere || status?.health?.failures || status?.health?.failure);

/**
 * What the logs of a service that does not answer mean: a sentence for each node that has tried to run it. Nodes are asked only
 * if nobody serves; one that cannot be asked says nothing.
 */
export async function likelyCauses(
  { answers, nodes, vips }: Pick<KnownStack, "answers" | "nodes" | "vips">,
  report: Pick<Verdict, "state"> & { nodes: readonly NodeReport[] },
  lastWords: LastWords = lastWordsOf,
): Promise<string[]> {
  if (vips || !["no-service", "no-holder"].includes(report.state)) return [];
  const causes = causesOf(answers);
  const names = report.nodes.filter(hasFailed).map(({ name }) => name);
  const found = await Promise.all(
    nodes
      .filter(({ name }) => names.includes(name))
      .map(async (node) => {
        const cause = likelyCause(await lastWords(node).catch(() => ""), causes);
        return cause ? [`likely cause, by the logs of ${node.name}: ${cause}`] : [];
      }),
  );
  return found.flat();
}
