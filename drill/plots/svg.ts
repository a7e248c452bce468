import {
  BarChart,
  type BarSeriesOption,
  CustomChart,
  type CustomSeriesOption,
  ScatterChart,
  type ScatterSeriesOption,
} from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  TitleComponent,
  type TitleComponentOption,
} from "echarts/components";
import type { ComposeOption } from "echarts/core";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/*
 * All pictures of drill reports and benchmarks are drawn here, by echarts, as SVG.
 */

use([BarChart, CustomChart, ScatterChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** A picture in echarts' options. */
type Chart = ComposeOption<
  | BarSeriesOption
  | CustomSeriesOption
  | ScatterSeriesOption
  | GridComponentOption
  | LegendComponentOption
  | TitleComponentOption
>;

export const font = "Helvetica, Arial, sans-serif";

const escaped = (text: string): string => text.replace(/[&<>]/g, (each) => `&#${each.charCodeAt(0)};`);

/**
 * Draws a chart as SVG.
 *
 * @param size pixels
 * @param title for those who cannot see the picture
 */
export function svgOf(option: Chart, size: { width: number; height: number }, title: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: font },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The style sheet and the classes only serve a mouse pointer, and are half of the text.
  return svg
    .replace(/<style[\s\S]*?<\/style>\n?/, "")
    .replace(/ (?:pointer-events|class)="[^"]*"/g, "")
    .replace(/^<svg [^>]*>/, (begin) => `${begin}\n<title>${escaped(title)}</title>`);
}
