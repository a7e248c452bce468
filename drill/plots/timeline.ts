import type { CustomSeriesOption } from "echarts/charts";
import { joined } from "../audits/spans";
import { type Lane, spansOfLane, type Timeline } from "../report/timeline";
import { font, svgOf } from "./svg";

/** Each kind of lane has its own shade. The names of the lanes say the same, for those who see no colors. */
const shade = { vip: "#1d3557", lease: "#457b9d", container: "#2a9d8f", client: "#555555", bad: "#c1121f" };

const laneHeight = 20;
const top = 62;
const width = 1000;
const left = 190;
const right = 24;

/** The bars: when the name of a lane was true. */
function bars(lanes: readonly Lane[], pixel: number): CustomSeriesOption {
  return {
    type: "custom",
    // Spans that are less than a pixel apart are one bar: a bad connection makes a thousand of them.
    data: lanes.flatMap((lane, i) =>
      joined(spansOfLane(lane), pixel).map((span) => ({
        value: [i, span.from / 1000, span.to / 1000],
        itemStyle: { color: shade[lane.kind] },
      })),
    ),
    renderItem: (_, api) => {
      const [x = 0, y = 0] = api.coord([api.value(1), api.value(0)]);
      const [end = 0] = api.coord([api.value(2), api.value(0)]);
      const shape = { x, y: y - 6, width: Math.max(1, end - x), height: 12 };
      return { type: "rect", shape, style: { fill: String(api.visual("color")) } };
    },
    encode: { x: [1, 2], y: 0 },
  };
}

/** A vertical line with a text above it; the first one is the fault. */
function mark(x: number, i: number, text: string, bottom: number) {
  // Two rows of texts, so that neighbours do not cover each other.
  const y = top - 26 + (i % 2) * 12;
  return [
    {
      type: "line" as const,
      shape: { x1: x, y1: y + 4, x2: x, y2: bottom },
      style: {
        stroke: i === 0 ? shade.bad : "#333333",
        lineDash: i === 0 ? undefined : [4, 3],
        lineWidth: 1.2,
      },
    },
    {
      type: "text" as const,
      style: {
        ...{ x, y, text },
        align: "center" as const,
        verticalAlign: "middle" as const,
        font: `11px ${font}`,
        fill: "#111111",
      },
    },
  ];
}

/** The vertical lines: the fault, its healing, and when the stack was healthy again. */
function markLines(marks: Timeline["marks"], bottom: number): CustomSeriesOption {
  return {
    type: "custom",
    data: marks.map(({ at }, i) => [0, at / 1000, i]),
    renderItem: (_, api) => {
      const [x = 0] = api.coord([api.value(1), 0]);
      const i = Number(api.value(2));
      return { type: "group", children: mark(x, i, marks[i]?.text ?? "", bottom) };
    },
    encode: { x: 1, y: 0 },
    z: 5,
  };
}

/** Draws a trial as SVG: who had the VIP and the lease, where the container ran, and what the client saw. */
export function timelinePlot({ title, from, to, marks, lanes }: Timeline): string {
  const height = lanes.length * laneHeight;
  return svgOf(
    {
      title: { text: title, left: 8, top: 4, textStyle: { fontSize: 13, fontFamily: font } },
      grid: { left, right, top, height },
      xAxis: {
        type: "value",
        min: from / 1000,
        max: to / 1000,
        name: "s",
        axisLabel: {
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (value: number) => `${Math.round(value * 10) / 10}`,
        },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: lanes.map(({ name }) => name),
        axisTick: { show: false },
        splitLine: { show: true, lineStyle: { color: "#dddddd" } },
        axisLabel: { fontSize: 11 },
      },
      series: [bars(lanes, (to - from) / (width - left - right)), markLines(marks, top + height)],
    },
    { width, height: top + height + 40 },
    title,
  );
}
