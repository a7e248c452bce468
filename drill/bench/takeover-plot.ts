import { BarChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { TakeoverCase } from "./takeover";

use([BarChart, ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const size = { width: 900, height: 460 };
const title = "Takeover of the VIP: from the fault to the first answer of the new holder";
const font = "Helvetica, Arial, sans-serif";

/** The table as a picture: bars are medians, dots the 95th percentile, lines the formula; logarithmic, in ms. */
export function takeoverPlot(rows: TakeoverCase[]): string {
  const presets = [...new Set(rows.map(({ preset }) => preset))];
  const names = [...new Set(rows.map(({ fault }) => fault))];
  const colors = ["#1b7f79", "#3f88c5", "#f2a541", "#b23a48"];
  const values = (preset: string, key: "median" | "p95" | "formula"): (number | undefined)[] =>
    names.map((fault) => rows.find((each) => each.preset === preset && each.fault === fault)?.[key]);
  // One bar beside the other: a mark sits on the middle of its bar.
  const offset = (i: number): number => (i - (presets.length - 1) / 2) * 34;
  const marks = (
    key: "p95" | "formula",
    symbol: string,
    symbolSize: number | number[],
    color: string,
    name: string,
  ) =>
    presets.map((preset, i) => ({
      ...{ name, type: "scatter" as const, symbol, symbolSize, z: 5 },
      symbolOffset: [offset(i), 0],
      itemStyle: { color },
      data: values(preset, key),
    }));
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: font },
    title: {
      text: title,
      left: "center",
      textStyle: { fontSize: 15, fontFamily: font },
    },
    legend: { bottom: 0, itemGap: 28, data: [...presets, "95th percentile", "formula"] },
    grid: { left: 70, right: 20, top: 50, bottom: 70 },
    xAxis: { type: "category", data: names },
    yAxis: { type: "log", name: "ms", min: 10, max: 10_000 },
    series: [
      ...presets.map((preset, i) => ({
        ...{ name: preset, type: "bar" as const, barWidth: 30, barGap: "13%" },
        itemStyle: { color: colors[i % colors.length] },
        data: values(preset, "median"),
      })),
      ...marks("formula", "rect", [32, 3], "#222222", "formula"),
      ...marks("p95", "circle", 8, "#777777", "95th percentile"),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The style sheet is for a mouse over it; a picture wants a title for those who do not see it.
  return svg
    .replace(/<style[\s\S]*?<\/style>\n?/, "")
    .replace(/^<svg [^>]*>/, (begin) => `${begin}\n<title>${title}</title>`);
}
