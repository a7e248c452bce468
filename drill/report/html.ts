import { invariants } from "../faults";
import { timelinePlot } from "../plots/timeline";
import { circumstances, headline } from "./markdown";
import type { FaultRow } from "./rows";
import type { DrillReport } from "./summary";
import { cells, heading, legend } from "./table";
import type { TrialResult } from "./trial";

/** Text in HTML. */
const text = (plain: string): string => plain.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

const style = `
  body { font: 15px/1.45 system-ui, Helvetica, Arial, sans-serif; color: #111; background: #fff; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; font-size: 13px; }
  th, td { border-bottom: 1px solid #ccc; padding: 4px 8px; text-align: left; vertical-align: top; }
  td:nth-child(n+2):nth-child(-n+7) { white-space: nowrap; font-variant-numeric: tabular-nums; }
  td small { display: block; color: #555; max-width: 22rem; white-space: normal; }
  .held::before { content: "✓ "; } .slow::before { content: "◷ "; } .broken::before, .failed::before { content: "✗ "; }
  .slow { font-style: italic; } .broken, .failed { font-weight: bold; color: #a4161a; }
  .headline { font-size: 1.1rem; font-weight: bold; }
  details { margin: .4rem 0; } summary { cursor: pointer; } svg { max-width: 100%; height: auto; }
  @media print { details { break-inside: avoid; } }
`;

function tableRow(row: FaultRow): string {
  const [fault = "", ...rest] = cells(row);
  const verdict = rest.pop() ?? "";
  const first = `<td><b>${text(fault)}</b><small>${text(row.what)}</small></td>`;
  const others = rest.map((each) => `<td>${text(each)}</td>`).join("");
  return `<tr>${first}${others}<td class="${row.result}">${text(verdict)}</td></tr>`;
}

const noPicture = "<p>Its figures were kept, and not what the picture is made from.</p>";

/** A trial: what was wrong, and its picture. Trials in which something was wrong are open. */
function trialDetails({ number, holder, breaches, slow, problem, timeline }: TrialResult): string {
  const findings = [
    ...breaches.map(({ invariant, why }) => `${invariant}: ${why}`),
    ...slow,
    ...(problem ? [problem] : []),
  ];
  const kind = breaches.length ? "broken" : "slow";
  const paragraphs = findings.map((each) => `<p class="${kind}">${text(each)}</p>`).join("");
  const open = findings.length ? " open" : "";
  return `<details${open}><summary>Trial ${number}, holder ${text(holder)}</summary>${paragraphs}${timeline ? timelinePlot(timeline) : noPicture}</details>`;
}

/** All trials of a fault. */
function faultSection({ fault, what }: FaultRow, trials: TrialResult[]): string {
  const details = trials.filter((trial) => trial.fault === fault).map(trialDetails);
  return `<h3>${text(fault)}</h3><p>${text(what)}</p>${details.join("\n")}`;
}

/**
 * The full report as one page that needs no other file.
 *
 * @param takeover the plot of takeover times as SVG, if there is one
 */
export function html(report: DrillReport, takeover: string | undefined): string {
  const trials = report.rows.map((row) => faultSection(row, report.trials));
  const skipped = report.skipped.map(({ fault, why }) => `<li>${text(fault)}: ${text(why)}</li>`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Drill of ${text(report.stack)}</title>
<style>${style}</style>
</head>
<body>
<h1>Drill of ${text(report.stack)}</h1>
<p class="headline">${text(headline(report))}</p>
<p>${circumstances(report).map(text).join("<br>")}</p>
<h2>Faults</h2>
<p>${text(legend)}</p>
<table>
<thead><tr>${heading.map((each) => `<th>${text(each)}</th>`).join("")}</tr></thead>
<tbody>
${report.rows.map(tableRow).join("\n")}
</tbody>
</table>
${skipped ? `<h2>Left out</h2><ul>${skipped}</ul>` : ""}
<h2>Invariants</h2>
<ul>${Object.entries(invariants)
    .map(([name, what]) => `<li>${name}: ${text(what)}</li>`)
    .join("")}</ul>
${takeover ? `<h2>Takeover times against the formula</h2>\n${takeover}` : ""}
<h2>Trials</h2>
<p>A bar shows when its line was true. The solid vertical line is the fault; the dashed ones are its healing and the first time the stack was healthy.</p>
${trials.join("\n")}
</body>
</html>
`;
}
