import { cells, heading, legend } from "./figures";
import { allHeld, type DrillReport } from "./summary";

/** Text in a cell of a Markdown table. */
const cell = (text: string): string => text.replace(/[\\|`*_<>[\]]/g, "\\$&").replace(/\s+/g, " ");

/** One sentence on what a drill came to. */
export function headline(report: DrillReport): string {
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
  const late = slow.length ? `; slower than promised: ${slow.join(", ")}` : "";
  const early = report.interrupted ? `; ended early: ${report.interrupted}` : "";
  return `${trials} trials of ${report.rows.length} faults: ${found}${late}${early}`;
}

/** The day of the trials, or the first and the last: a report may be gone on with. */
function days({ date, trials }: DrillReport): string {
  const all = (trials.length ? trials : [{ date }]).map((each) => each.date.slice(0, 10)).sort();
  return [...new Set([all[0], all.at(-1)])].join(" to ");
}

/** Where and when, a line each. */
export const circumstances = (report: DrillReport): string[] => [
  `${days(report)}, stack ${report.stack} (${report.nodes.join(", ")}) in ${report.place}`,
  `on ${report.machine}; seed ${report.seed}`,
];

export function markdown(report: DrillReport): string {
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
