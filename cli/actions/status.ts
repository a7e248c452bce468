import type { KnownStack } from "../../stack/known-stack";
import type { Verdict } from "../../stack/verdict";
import type { UnreachedStack } from "../place";
import { exitCodeOf, look } from "../status-report";
import { colors } from "../ui/colors";
import { type StatusReport, statusTable } from "../ui/status-table";

export interface StatusOptions {
  stack: string;
  json?: boolean;
  /** Again and again, until Ctrl-C. */
  watch?: boolean;
  /** Seconds: look again until all is well, as long as waiting may help. */
  within?: number;
}

/**
 * Shows the state of the stack, measured now.
 *
 * @returns 0 if it is healthy, 2 if it serves without a standby, else 1
 */
export async function status(known: KnownStack, options: StatusOptions): Promise<number> {
  const { stack, json = false, watch = false, within = 0 } = options;
  if (!watch) return show(await look(stack, known, within), json);
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
  const verdict = { state: why.state, message, remarks: [], standings: [], reasons: [] };
  return show(unmeasured(stack, why.known, verdict), json);
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
  return exitCodeOf(report);
}
