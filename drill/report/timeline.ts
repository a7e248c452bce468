import { joined } from "../audits/spans";
import { font, svgOf } from "./chart";
import { type Scene, spansOfLane } from "./scene";

/** Each kind has its own shade; what is what says its line, so that it can be read without any color. */
const shade = { vip: "#1d3557", lease: "#457b9d", container: "#2a9d8f", client: "#555555", bad: "#c1121f" };

const laneHeight = 20;
const top = 62;
const width = 1000;
const left = 190;
const right = 24;

/** What happened in a trial: who had the VIP, the lease, the container, and what the client saw; as SVG. */
export function timeline({ title, from, to, marks, lanes }: Scene): string {
  // What is closer together than can be seen is one bar: a client on a bad line sees a thousand of them.
  const pixel = (to - from) / (width - left - right);
  const data = lanes.flatMap((lane, i) =>
    joined(spansOfLane(lane), pixel).map((span) => ({
      value: [i, span.from / 1000, span.to / 1000],
      itemStyle: { color: shade[lane.kind] },
    })),
  );
  return svgOf(
    {
      title: { text: title, left: 8, top: 4, textStyle: { fontSize: 13, fontFamily: font } },
      grid: { left, right, top, height: lanes.length * laneHeight },
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
      series: [
        {
          type: "custom",
          data,
          renderItem: (_, api) => {
            const [x = 0, y = 0] = api.coord([api.value(1), api.value(0)]);
            const [end = 0] = api.coord([api.value(2), api.value(0)]);
            const shape = { x, y: y - 6, width: Math.max(1, end - x), height: 12 };
            return { type: "rect", shape, style: { fill: String(api.visual("color")) } };
          },
          encode: { x: [1, 2], y: 0 },
        },
        {
          type: "custom",
          // One above the other where they are close.
          data: marks.map(({ at }, i) => [0, at / 1000, i]),
          renderItem: (_, api) => {
            const [x = 0] = api.coord([api.value(1), 0]);
            const i = Number(api.value(2));
            const y = top - 26 + (i % 2) * 12;
            const bottom = top + lanes.length * laneHeight;
            return {
              type: "group",
              children: [
                {
                  type: "line",
                  shape: { x1: x, y1: y + 4, x2: x, y2: bottom },
                  style: {
                    stroke: i === 0 ? shade.bad : "#333333",
                    lineDash: i === 0 ? undefined : [4, 3],
                    lineWidth: 1.2,
                  },
                },
                {
                  type: "text",
                  style: {
                    x,
                    y,
                    text: marks[i]?.text ?? "",
                    align: "center",
                    verticalAlign: "middle",
                    font: `11px ${font}`,
                    fill: "#111111",
                  },
                },
              ],
            };
          },
          encode: { x: 1, y: 0 },
          z: 5,
        },
      ],
    },
    { width, height: top + lanes.length * laneHeight + 40 },
    title,
  );
}
