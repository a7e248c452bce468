import { allHeld, type DrillSummary } from "./summary";
import { cells, heading, legend } from "./table";

/** Text in a cell of a Markdown table. */
const cell = (text: string): string => text.replace(/[\\|`*_<>[\]]/g, "\\$&").replace(/\s+/g, " ");

const isOfGoingOn = (breach: string): boolean => breach.startsWith("I9");

/** The result of a drill in one sentence. */
export function headline(report: DrillSummary): string {
  const trials = report.rows.reduce((sum, { n }) => sum + n, 0);
  const broken = report.rows.filter(({ result }) => result === "broken").map(({ fault }) => fault);
  const failed = report.rows.filter(({ result }) => result === "failed").map(({ fault }) => fault);
  const slow = report.rows.filter(({ result }) => result === "slow").map(({ fault }) => fault);
  const found = allHeld(report)
    ? "all invariants held"
    : [
        ...(broken.length ? [`invariants were broken by ${broken.join(", ")}`] : []),
        ...(failed.length ? [`trials of ${failed.join(", ")} could not be carried out`] : []),
        ...(trials === 0 ? ["nothing was measured"] : []),
      ].join("; ");
  const able = report.rows.filter(({ goesOn }) => goesOn);
  const kept = able.filter(({ result, breaches }) => result !== "failed" && !breaches.some(isOfGoingOn));
  const went = able.length
    ? `; the service went on through ${kept.length} of ${able.length} faults that leave its node able to serve`
    : "";
  const late = slow.length ? `; slower than promised: ${slow.join(", ")}` : "";
  const early = report.interrupted ? `; ended early: ${report.interrupted}` : "";
  return `${trials} trials of ${report.rows.length} faults: ${found}${went}${late}${early}`;
}

/** The day of the trials, or the first and the last day. */
const days = ({ from, to }: DrillSummary): string => [...new Set([from, to])].join(" to ");

/** When and where the drill ran, a line each. */
export const circumstances = (report: DrillSummary): string[] => [
  `${days(report)}, stack ${report.stack} (${report.nodes.join(", ")}) in ${report.place}`,
  `on ${report.machine}; seed ${report.seed}`,
];

/** The table of a report: report.md. */
export function markdown(report: DrillSummary): string {
  const line = (values: readonly string[]): string => `| ${values.map(cell).join(" | ")} |`;
  return `${[
    `# Drill of ${report.stack}`,
    "",
    `${headline(report)}.`,
    "",
    ...circumstances(report).map((each) => `${each}  `),
    "",
    legend,
    "",
    line(heading),
    line(heading.map(() => "---")).replaceAll("\\", ""),
    ...report.rows.map((row) => line(cells(row))),
    ...(report.skipped.length ? ["", "Left out:", ""] : []),
    ...report.skipped.map(({ fault, why }) => `- ${cell(fault)}: ${cell(why)}`),
  ].join("\n")}\n`;
}
