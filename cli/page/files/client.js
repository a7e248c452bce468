import { draw, label, onWidth, scale, svg } from "./charts.js";
import { clockTime, duration, tell } from "./words.js";

/** The answers that a client gets through the VIP: how long they take, and when there were none. */

const shown = 120_000;
const kept = 300_000;
const height = 120;
const place = document.getElementById("client");
let samples = [];

/** Times without an answer: from the last answer before to the first one after; the last one may go on. */
export function gapsOf(all) {
  const gaps = [];
  let good;
  let open;
  for (const [at, took] of all) {
    if (took === null) open ??= { from: good ?? at };
    else {
      if (open) gaps.push({ ...open, until: at + took });
      open = undefined;
      good = at + took;
    }
  }
  return open ? [...gaps, open] : gaps;
}

function drawing(width) {
  const until = samples.at(-1)?.[0] ?? 0;
  const from = until - shown;
  const [left, right, top, bottom] = [44, width - 8, 10, height - 22];
  const recent = samples.filter(([at]) => at >= from);
  const longest = Math.max(50, ...recent.map(([, took]) => took ?? 0));
  const x = scale(from, until, left, right);
  const y = (took) => bottom - (took / longest) * (bottom - top);
  const gaps = gapsOf(samples)
    .filter(({ until: end }) => end === undefined || end > from)
    .flatMap((gap) => {
      const [begin, end] = [x(gap.from), x(gap.until ?? until)];
      const wide = Math.max(2, end - begin);
      return [
        svg("rect", { class: "gap", x: begin, y: top, width: wide, height: bottom - top }),
        svg("rect", { class: "gap-edge", x: begin, y: bottom - 3, width: wide, height: 3 }),
      ];
    });
  // A line for each stretch of answers.
  const lines = [];
  let line = [];
  for (const [at, took] of [...recent, [until, null]]) {
    if (took !== null) line.push(`${x(at).toFixed(1)},${y(took).toFixed(1)}`);
    else {
      if (line.length > 0) lines.push(svg("polyline", { class: "latency", points: line.join(" ") }));
      line = [];
    }
  }
  return [
    ...gaps,
    svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    svg("line", { class: "axis", x1: left, x2: right, y1: top, y2: top }),
    ...lines,
    label(left - 6, top + 4, `${Math.round(longest)} ms`, { "text-anchor": "end" }),
    label(left - 6, bottom + 4, "0", { "text-anchor": "end" }),
    label(left, height - 6, "2 minutes ago"),
    label(right, height - 6, "now", { "text-anchor": "end" }),
  ];
}

function words() {
  const gaps = gapsOf(samples);
  const last = gaps.at(-1);
  const until = samples.at(-1)?.[0] ?? 0;
  if (!last) return "No gap in the last five minutes.";
  const long = (gap) => duration(((gap.until ?? until) - gap.from) / 1000);
  const longest = gaps.reduce((one, other) =>
    (other.until ?? until) - other.from > (one.until ?? until) - one.from ? other : one,
  );
  const many =
    gaps.length > 1 ? `${gaps.length} gaps, the longest ${long(longest)}; the last one` : "One gap:";
  return `${many} ${long(last)} from ${clockTime(last.from)}${last.until === undefined ? ", and it goes on" : ""}.`;
}

function show() {
  draw(place, height, drawing);
  const [, took] = samples.at(-1) ?? [];
  const figure = document.getElementById("client-now");
  if (took === undefined) return;
  figure.dataset.ok = took === null ? "no" : "yes";
  tell(figure, took === null ? "does not answer" : `answers in ${took} ms`);
  const text = words();
  tell(document.getElementById("client-words"), text);
  place.setAttribute("aria-label", `Answers through the VIP in the last two minutes. ${text}`);
}

/** Takes what is new. */
export function showSamples(fresh) {
  const last = samples.at(-1)?.[0] ?? 0;
  samples = [...samples, ...fresh.filter(([at]) => at > last)];
  const from = (samples.at(-1)?.[0] ?? 0) - kept;
  samples = samples.filter(([at]) => at >= from);
  show();
}

onWidth(place, show);
