import { ownerAt } from "../audits/measures";
import { nodeSpans, type Span, without } from "../audits/spans";
import { shownAction } from "../faults";
import { intervals } from "../probes/observer";
import type { Recording } from "../recording";
import { font, svgOf } from "./chart";

/** A line of the picture: when something was so. */
interface Lane {
  name: string;
  spans: Span[];
  color: string;
}

/** Times into spans: those that are no further apart than `most` are one. */
export function merged(times: readonly number[], most: number): Span[] {
  const spans: Span[] = [];
  for (const at of times) {
    const last = spans.at(-1);
    if (last && at - last.to <= most) last.to = at;
    else spans.push({ from: at, to: at });
  }
  return spans;
}

/** Each kind has its own shade; what is what says its line, so that it can be read without any color. */
const shade = { vip: "#1d3557", lease: "#457b9d", container: "#2a9d8f", client: "#555555", bad: "#c1121f" };

/** The lines of a trial's picture, from top to bottom. */
export function lanes(recording: Recording): Lane[] {
  const { client, nodes } = recording;
  const ofNodes = nodes.flatMap((node): Lane[] => {
    const lane = (what: string, color: string, isSo: Parameters<typeof nodeSpans>[1]): Lane => ({
      name: `${node}: ${what}`,
      spans: nodeSpans(recording, isSo).get(node) ?? [],
      color,
    });
    return [
      lane("has the VIP", shade.vip, ({ vip }) => vip),
      lane("has the lease", shade.lease, ({ lease }) => lease),
      lane("container runs", shade.container, ({ container }) => container),
    ];
  });
  const answered = nodes.map(
    (node): Lane => ({
      name: `client: VIP is ${node}`,
      spans: merged(
        client.answers.filter((at) => ownerAt(recording, at) === node),
        6 * intervals.icmp,
      ),
      color: shade.client,
    }),
  );
  const served = merged(
    client.asked.filter(({ ok }) => ok).map(({ answered: at }) => at),
    4 * intervals.https,
  );
  const written = merged(
    client.writes.filter(({ outcome }) => outcome === "yes").map(({ answered: at }) => at),
    5 * intervals.writes,
  );
  return [
    ...ofNodes,
    ...answered,
    { name: "client: HTTPS answers", spans: served, color: shade.client },
    { name: "client: writes succeed", spans: written, color: shade.client },
  ];
}

const laneHeight = 20;
const top = 62;

/** What happened in a trial: who had the VIP, the lease, the container, and what the client saw; as SVG. */
export function timeline(recording: Recording): string {
  const all = lanes(recording);
  const { from, to, healedAt, healthyAt } = recording;
  const whole = { from, to };
  const data = all.flatMap(({ spans, color }, lane) =>
    // Within the picture, and at least a hair wide.
    without(spans, [
      { from: Number.NEGATIVE_INFINITY, to: whole.from },
      { from: whole.to, to: Number.POSITIVE_INFINITY },
    ]).map((span) => ({ value: [lane, span.from / 1000, span.to / 1000], itemStyle: { color } })),
  );
  const marks: { at: number; text: string }[] = [
    { at: 0, text: "fault" },
    ...(recording.healed.length ? [{ at: healedAt, text: "healed" }] : []),
    ...(healthyAt === undefined ? [] : [{ at: healthyAt, text: "healthy" }]),
  ];
  const injected = recording.injected.map(({ action }) => shownAction(action)).join(", ");
  const title = `${recording.number}. ${recording.fault}: ${injected.slice(0, 110)}`;
  return svgOf(
    {
      title: { text: title, left: 8, top: 4, textStyle: { fontSize: 13, fontFamily: font } },
      grid: { left: 190, right: 24, top, height: all.length * laneHeight },
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
        data: all.map(({ name }) => name),
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
            const bottom = top + all.length * laneHeight;
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
    { width: 1000, height: top + all.length * laneHeight + 40 },
    title,
  );
}
