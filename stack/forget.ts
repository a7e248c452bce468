import type { Exported, ExportedResource } from "../local/pulumi/exported";
import type { NodeReport } from "./node-report";
import { nodeNameOf } from "./state";

/** What leaves the state with a node. */
export interface Forgetting {
  resources: ExportedResource[];
  /** Whether the node existed before; else it was made as a machine. */
  isHost: boolean;
  /** The node's folder on this machine: a key is in it, and of a machine all that Vagrant knows of it. */
  directory: string;
}

const isOfAllNodes = ({ inputs }: ExportedResource): boolean => inputs?.endpoints !== undefined;

/** Whether something is made for a single node: it takes that node's outputs, and no other's. */
function isOn({ dependencies = [], ...resource }: ExportedResource, node: string, nodes: string[]): boolean {
  const named = dependencies.filter((urn) => nodes.includes(urn));
  return named.includes(node) && named.every((urn) => urn === node) && !isOfAllNodes(resource);
}

/**
 * What leaves the state with a node: the node itself, all that is made on it alone, and what cannot be without that.
 *
 * @param names of the stack's nodes; a machine that serves the storage is none: what is on nodes may need it, too
 * @returns undefined if the state has no such node
 */
export function forgettingOf(
  exported: Exported,
  name: string,
  names: readonly string[],
): Forgetting | undefined {
  const all = exported.deployment?.resources ?? [];
  const nodes = all.filter((each) => names.includes(nodeNameOf(each) ?? ""));
  const node = nodes.find((each) => nodeNameOf(each) === name);
  if (!node) return undefined;
  const urns = nodes.map(({ urn }) => urn);
  const gone = new Set([node.urn, ...all.flatMap((each) => (isOn(each, node.urn, urns) ? [each.urn] : []))]);
  const hangsOn = ({ parent, provider, deletedWith }: ExportedResource): boolean =>
    [parent, provider?.replace(/::[^:]*$/, ""), deletedWith].some(
      (urn) => urn !== undefined && gone.has(urn),
    );
  for (let before = 0; before < gone.size; ) {
    before = gone.size;
    for (const each of all) if (hangsOn(each)) gone.add(each.urn);
  }
  return {
    resources: all.filter(({ urn }) => gone.has(urn)),
    isHost: node.type.endsWith("host:Host"),
    directory: String(node.inputs?.directory ?? ""),
  };
}

/**
 * Why a node that does not answer may have the right to write the shared data; undefined if it cannot: another node has the
 * lease, or there is none.
 *
 * @param others what the other nodes say
 */
export function whyItMayWrite(name: string, others: readonly NodeReport[]): string | undefined {
  if (others.some(({ status }) => status?.lease?.heldHere === true)) return undefined;
  const answers = others.flatMap(({ status }) => (status ? [status] : []));
  if (answers.length === 0)
    return `no other node answers, so that nobody can say whether ${name} still serves`;
  if (answers.every(({ lease }) => !lease)) return undefined;
  return `no other node has the lease, so that ${name} may still serve, or come back to it`;
}
