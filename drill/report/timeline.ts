import { ownerAt } from "../audits/measures";
import { joined, nodeSpans, type Span, within } from "../audits/spans";
import { shownAction } from "../faults";
import { intervals } from "../probes/observer";
import type { Recording } from "../recording";

/*
 * The data of a trial's picture. It is small and is part of the report, so that the picture can be drawn again, and the
 * drill continued, without the raw data.
 */

/** What a lane shows. */
export type Kind = "vip" | "lease" | "container" | "client";

/** A row of the picture: when the name of the lane was true. */
export interface Lane {
  name: string;
  kind: Kind;
  /** Milliseconds after the fault: `-2513..38022 39000..81200`. */
  spans: string;
}

/** The data of a trial's picture; all times are milliseconds after the fault. */
export interface Timeline {
  title: string;
  from: number;
  to: number;
  marks: { at: number; text: string }[];
  /** From top to bottom. */
  lanes: Lane[];
}

const shownSpans = (spans: readonly Span[]): string =>
  spans.map(({ from, to }) => `${Math.round(from)}..${Math.round(to)}`).join(" ");

/** The spans of a lane. */
export const spansOfLane = ({ spans }: Lane): Span[] =>
  [...spans.matchAll(/(-?\d+)\.\.(-?\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));

/** The first part of a picture: up to a time in milliseconds after the fault; undefined: all of it. */
export function until(timeline: Timeline, to = timeline.to): Timeline {
  const { from, marks, lanes } = timeline;
  return {
    ...timeline,
    to,
    marks: marks.filter(({ at }) => at <= to),
    lanes: lanes.map((lane) => ({ ...lane, spans: shownSpans(within(spansOfLane(lane), { from, to })) })),
  };
}

/** Makes spans of times; times that are at most `most` milliseconds apart are one span. */
const merged = (times: readonly number[], most: number): Span[] =>
  joined(
    times.map((at) => ({ from: at, to: at })),
    most,
  );

function lanes(recording: Recording): Lane[] {
  const { client, nodes, from, to } = recording;
  const lane = (name: string, kind: Kind, spans: Span[]): Lane => ({
    ...{ name, kind, spans: shownSpans(within(spans, { from, to })) },
  });
  const ofNodes = nodes.flatMap((node): Lane[] => {
    const when = (isSo: Parameters<typeof nodeSpans>[1]): Span[] =>
      nodeSpans(recording, isSo).get(node) ?? [];
    return [
      lane(
        `${node}: has the VIP`,
        "vip",
        when(({ vip }) => vip),
      ),
      lane(
        `${node}: has the lease`,
        "lease",
        when(({ lease }) => lease),
      ),
      lane(
        `${node}: container runs`,
        "container",
        when(({ container }) => container),
      ),
    ];
  });
  const answered = nodes.map((node) => {
    const answers = client.answers.filter((at) => ownerAt(recording, at) === node);
    return lane(`client: VIP is ${node}`, "client", merged(answers, 6 * intervals.icmp));
  });
  const served = client.asked.filter(({ ok }) => ok).map(({ answered: at }) => at);
  const written = client.writes.filter(({ outcome }) => outcome === "yes").map(({ answered: at }) => at);
  return [
    ...ofNodes,
    ...answered,
    lane("client: HTTPS answers", "client", merged(served, 4 * intervals.https)),
    lane("client: writes succeed", "client", merged(written, 5 * intervals.writes)),
  ];
}

/** The picture's data from a recording. */
export function timelineOf(recording: Recording): Timeline {
  const { number, fault, injected, healed, from, to, healedAt, healthyAt } = recording;
  const actions = injected.map(({ action }) => shownAction(action)).join(", ");
  return {
    title: `${number}. ${fault}: ${actions.slice(0, 110)}`,
    from: Math.round(from),
    to: Math.round(to),
    marks: [
      { at: 0, text: "fault" },
      ...(healed.length ? [{ at: Math.round(healedAt), text: "healed" }] : []),
      ...(healthyAt === undefined ? [] : [{ at: Math.round(healthyAt), text: "healthy" }]),
    ],
    lanes: lanes(recording),
  };
}
