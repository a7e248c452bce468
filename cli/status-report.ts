import { setTimeout as sleep } from "node:timers/promises";
import { forStack } from "../local/called";
import type { KnownStack } from "../stack/known-stack";
import { measure } from "../stack/measure";
import type { NodeReport } from "../stack/node-report";
import { holdersOf, judge, type PingReport, type Verdict } from "../stack/verdict";
import { likelyCauses } from "./likely-cause";
import { whoWorks } from "./pulumi/turn";
import type { StatusReport } from "./ui/status-table";

/** What was measured of a stack, with the verdict and who works on it. Its commands are for this stack. */
export function reportOf(
  stack: string,
  { vip, url }: Pick<KnownStack, "vip" | "url">,
  { nodes, ping }: { nodes: NodeReport[]; ping: PingReport },
  furtherRemarks: readonly string[] = [],
): StatusReport {
  const { state, message, remarks, standings, reasons } = judge(nodes, ping);
  const worker = whoWorks(stack);
  return {
    ...{ stack, vip, url, healthy: state === "healthy", state },
    message: forStack(message, stack),
    remarks: [...remarks, ...furtherRemarks]
      .map((remark) => forStack(remark, stack))
      .concat(worker === undefined ? [] : [worker]),
    standings: standings.map((each) =>
      each.as === "none" ? { ...each, mend: mendOn(stack, each.mend) } : each,
    ),
    reasons: reasons.map((reason) => forStack(reason, stack)),
    ...{ holders: holdersOf(nodes).map(({ name }) => name), ping, nodes },
  };
}

const mendOn = (stack: string, mend: string): string => forStack(`\`${mend}\``, stack).slice(1, -1);

/** The exit code of a look: 0 if all is well, 2 if it serves without a standby, else 1. */
export const exitCodeOf = ({ state }: Pick<Verdict, "state">): number =>
  state === "healthy" ? 0 : state === "no-standby" ? 2 : 1;

/** Whether waiting may help: not where only somebody's deed does. */
export const mayPass = ({ state, standings }: StatusReport): boolean =>
  !["healthy", "stopped", "paused"].includes(state) &&
  !(state === "no-standby" && standings.every((each) => each.as !== "none" || each.lasts));

/** Milliseconds between two looks. */
const pause = 2_000;

/**
 * Measures a stack.
 *
 * @param within seconds to look again until all is well, as long as waiting may help
 */
export async function look(stack: string, known: KnownStack, within: number): Promise<StatusReport> {
  const end = performance.now() + within * 1_000;
  for (;;) {
    const measured = await measure(known);
    const report = reportOf(stack, known, measured);
    if (!mayPass(report) || performance.now() + pause > end) {
      const causes = await likelyCauses(known, report);
      return causes.length > 0 ? reportOf(stack, known, measured, causes) : report;
    }
    await sleep(pause);
  }
}
