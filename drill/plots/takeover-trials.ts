import type { FaultRow } from "../report/rows";
import { font, svgOf } from "./svg";

const title = "From the fault to the first answer of the new holder";

/** A dot for each trial; neighbours are shifted a little, so that none covers another. */
const dots = ({ fault, takeovers = [] }: FaultRow) =>
  takeovers.map((takeover, i) => ({
    value: [fault, takeover / 1000],
    symbolOffset: [((i % 9) - 4) * 5, 0],
  }));

/** Takeover times in seconds: each trial a dot, the formula's bound a bar. Undefined if nothing was measured. */
export function takeoverPlot(rows: readonly FaultRow[]): string | undefined {
  const measured = rows.filter(({ takeovers, takeoverBound }) => takeovers && takeoverBound !== undefined);
  const names = measured.map(({ fault }) => fault);
  if (names.length === 0) return undefined;
  return svgOf(
    {
      title: { text: title, left: "center", top: 4, textStyle: { fontSize: 15, fontFamily: font } },
      legend: { bottom: 0, itemGap: 30, data: ["a trial", "formula"] },
      grid: { left: 60, right: 20, top: 60, bottom: 75 },
      xAxis: { type: "category", data: names, axisLabel: { interval: 0 } },
      yAxis: { type: "value", name: "s", min: 0 },
      series: [
        {
          name: "formula",
          type: "scatter",
          symbol: "rect",
          symbolSize: [70, 3],
          itemStyle: { color: "#111111" },
          data: measured.map(({ fault, takeoverBound = 0 }) => [fault, takeoverBound / 1000]),
        },
        {
          name: "a trial",
          type: "scatter",
          symbol: "circle",
          symbolSize: 8,
          itemStyle: { color: "#7a9cc6", borderColor: "#1d3557", borderWidth: 1 },
          data: measured.flatMap(dots),
        },
      ],
    },
    { width: Math.max(620, 130 * names.length + 80), height: 400 },
    title,
  );
}
