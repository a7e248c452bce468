import type { KnownStack } from "../../stack/known-stack";
import { measure } from "../../stack/measure";
import { holdersOf, judge, type Verdict } from "../../stack/verdict";
import type { UnreachedStack } from "../place";
import { whoWorks } from "../pulumi/turn";
import { colors } from "../ui/colors";
import { type StatusReport, statusTable } from "../ui/status-table";

export interface StatusOptions {
  stack: string;
  json?: boolean;
  /** Again and again, until Ctrl-C. */
  watch?: boolean;
}

/**
 * Shows the state of the stack, measured now.
 *
 * @returns 0 if it is healthy, 1 if it is not
 */
export async function status(known: KnownStack, options: StatusOptions): Promise<number> {
  const { stack, json = false, watch = false } = options;
  if (!watch) return show(await look(stack, known), json);
  return await (await import("../watch/index.js")).watch(stack, known, json);
}

/**
 * Shows why there is nothing to measure.
 *
 * @returns 1
 */
export async function statusUnreached(
  why: UnreachedStack,
  { stack, json = false }: StatusOptions,
): Promise<number> {
  const { whyUnreached } = await import("../unreached.js");
  const message = whyUnreached(stack, why);
  return show(unmeasured(stack, why.known, { state: why.state, message, remarks: [] }), json);
}

async function look(stack: string, { vip, url, nodes }: KnownStack): Promise<StatusReport> {
  const measured = await measure(nodes, url);
  const verdict = judge(measured.nodes, measured.ping);
  const holders = holdersOf(measured.nodes).map(({ name }) => name);
  const worker = whoWorks(stack);
  const remarks = [...verdict.remarks, ...(worker === undefined ? [] : [worker])];
  return { stack, vip, url, healthy: verdict.state === "healthy", ...verdict, remarks, holders, ...measured };
}

function unmeasured(stack: string, known: KnownStack | undefined, verdict: Verdict): StatusReport {
  const { vip = "", url = "", nodes = [] } = known ?? {};
  return {
    ...{ stack, vip, url, healthy: false, ...verdict, holders: [] },
    ping: { ok: false, error: "not tried" },
    nodes: nodes.map(({ name, address }) => ({ name, address, error: "not asked" })),
  };
}

function show(report: StatusReport, json: boolean): number {
  const text = json
    ? JSON.stringify(report, undefined, 2)
    : report.nodes.length > 0
      ? statusTable(report, colors)
      : colors.red(report.message);
  process.stdout.write(`${text}\n`);
  return report.healthy ? 0 : 1;
}
