import { font, svgOf } from "./chart";
import type { TrialResult } from "./summary";

/** Takeover times, each a dot, and the formula's bound of each fault as a bar; seconds. Undefined without any. */
export function takeoverPlot(trials: TrialResult[]): string | undefined {
  const measured = trials.filter(
    ({ measures, takeoverBound, problem }) =>
      measures.takeover !== undefined && takeoverBound !== undefined && !problem,
  );
  const names = [...new Set(measured.map(({ fault }) => fault))];
  if (names.length === 0) return undefined;
  const title = "From the fault to the first answer of the new holder";
  const count = new Map<string, number>();
  const dots = measured.map(({ fault, measures }) => {
    const i = count.get(fault) ?? 0;
    count.set(fault, i + 1);
    // Beside each other, so that each is seen.
    return { value: [fault, (measures.takeover ?? 0) / 1000], symbolOffset: [((i % 9) - 4) * 5, 0] };
  });
  const bounds = names.map((name) => [
    name,
    (measured.find(({ fault }) => fault === name)?.takeoverBound ?? 0) / 1000,
  ]);
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
          data: bounds,
        },
        {
          name: "a trial",
          type: "scatter",
          symbol: "circle",
          symbolSize: 8,
          itemStyle: { color: "#7a9cc6", borderColor: "#1d3557", borderWidth: 1 },
          data: dots,
        },
      ],
    },
    { width: Math.max(620, 130 * names.length + 80), height: 400 },
    title,
  );
}
