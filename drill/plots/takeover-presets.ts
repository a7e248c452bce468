import type { BarSeriesOption, ScatterSeriesOption } from "echarts/charts";
import type { TakeoverCase } from "../bench/takeover-case";
import { font, svgOf } from "./svg";

const title = "Takeover of the VIP: from the fault to the first answer of the new holder";
const colors = ["#1b7f79", "#3f88c5", "#f2a541", "#b23a48"];

/** The figures of a preset in the order of the faults; `-` is echarts' word for a missing value. */
const valuesOf = (
  rows: readonly TakeoverCase[],
  preset: string,
  faults: readonly string[],
  key: "median" | "p95" | "formula",
): (number | "-")[] =>
  faults.map((fault) => rows.find((each) => each.preset === preset && each.fault === fault)?.[key] ?? "-");

/** Bars for medians, dots for the 95th percentile, lines for the formula; milliseconds, on a logarithmic axis. */
export function takeoverPlot(rows: readonly TakeoverCase[]): string {
  const presets = [...new Set(rows.map(({ preset }) => preset))];
  const faults = [...new Set(rows.map(({ fault }) => fault))];
  // The bars of a fault stand side by side; a mark stands in the middle of its bar.
  const offset = (i: number): number => (i - (presets.length - 1) / 2) * 34;
  const bars = presets.map(
    (preset, i): BarSeriesOption => ({
      ...{ name: preset, type: "bar", barWidth: 30, barGap: "13%" },
      itemStyle: { color: colors[i % colors.length] },
      data: valuesOf(rows, preset, faults, "median"),
    }),
  );
  const marks = (key: "p95" | "formula", look: ScatterSeriesOption): ScatterSeriesOption[] =>
    presets.map((preset, i) => ({
      ...{ type: "scatter", z: 5, symbolOffset: [offset(i), 0], ...look },
      data: valuesOf(rows, preset, faults, key),
    }));
  return svgOf(
    {
      title: { text: title, left: "center", textStyle: { fontSize: 15, fontFamily: font } },
      legend: { bottom: 0, itemGap: 28, data: [...presets, "95th percentile", "formula"] },
      grid: { left: 70, right: 20, top: 50, bottom: 70 },
      xAxis: { type: "category", data: faults },
      yAxis: { type: "log", name: "ms", min: 10, max: 10_000 },
      series: [
        ...bars,
        ...marks("formula", {
          ...{ name: "formula", symbol: "rect", symbolSize: [32, 3], itemStyle: { color: "#222222" } },
        }),
        ...marks("p95", {
          ...{ name: "95th percentile", symbol: "circle", symbolSize: 8, itemStyle: { color: "#777777" } },
        }),
      ],
    },
    { width: 900, height: 460 },
    title,
  );
}
