import { shownLines } from "../domain/shown-text";
import { messageOf } from "../local/errors";
import { lastLines } from "../providers/remote/ssh";
import { ping } from "../providers/vip/ping";
import { askAgent } from "./agents";
import type { KnownNode, KnownStack } from "./known-stack";
import { type NodeReport, notSetUp, parseNodeStatus } from "./node-report";
import type { PingReport } from "./verdict";

/** Milliseconds that a node or the VIP may take to answer. A login to an emulated machine under load takes long. */
export const answerLimit = 10_000;

/** Whether a node has no program of ours: the shell's words for that, and sudo's. */
const isNotSetUp = (code: number, stderr: string): boolean =>
  code === 127 || /(command not found|No such file or directory)\s*$/.test(stderr.trim());

/** Where a service answers, and what. */
export type Service = Pick<KnownStack, "url" | "answers">;

async function ask(node: KnownNode, timeout: number): Promise<NodeReport> {
  const { name, address } = node;
  try {
    const { code, stdout, stderr } = await askAgent(node, ["status"], timeout);
    if (code !== 0 && isNotSetUp(code, stderr)) return { name, address, error: notSetUp };
    if (code !== 0)
      throw new Error(`\`agent status\` ended with code ${code}: ${lastLines(stderr || stdout)}`);
    return { name, address, status: parseNodeStatus(stdout) };
  } catch (error) {
    return { name, address, error: shownLines(messageOf(error)) };
  }
}

/**
 * Asks all nodes for their status.
 *
 * @param timeout milliseconds that it takes at most; default: 10 s
 */
export const askNodes = (nodes: KnownNode[], timeout = answerLimit): Promise<NodeReport[]> =>
  Promise.all(nodes.map((node) => ask(node, timeout)));

/**
 * Asks the service through the VIP.
 *
 * @param timeout milliseconds; default: 10 s
 */
export async function pingVip({ url, answers }: Service, timeout = answerLimit): Promise<PingReport> {
  const start = performance.now();
  const { ok, why } = await ping(url, answers, timeout);
  return ok ? { ok, milliseconds: Math.round(performance.now() - start) } : { ok, error: why };
}

/** Asks each VIP, where several move by themselves: well if all answer, after the time that the slowest one took. */
async function pingAll(known: Service & Pick<KnownStack, "vips">, timeout: number): Promise<PingReport> {
  const { vips = [] } = known;
  if (vips.length === 0) return pingVip(known, timeout);
  const all = await Promise.all(vips.map((vip) => pingVip(vip, timeout)));
  const silent = all.findIndex(({ ok }) => !ok);
  return silent < 0
    ? { ok: true, milliseconds: Math.max(...all.map(({ milliseconds = 0 }) => milliseconds)) }
    : { ok: false, error: `${vips[silent]?.name} (${vips[silent]?.url}) ${all[silent]?.error}` };
}

/**
 * Asks all nodes and the VIP at once.
 *
 * @param timeout milliseconds that it takes at most; default: 10 s
 */
export async function measure(
  known: Service & Pick<KnownStack, "nodes" | "vips">,
  timeout = answerLimit,
): Promise<{ nodes: NodeReport[]; ping: PingReport }> {
  const [ping, reports] = await Promise.all([pingAll(known, timeout), askNodes(known.nodes, timeout)]);
  return { nodes: reports, ping };
}
