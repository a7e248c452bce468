import { draw, label, onWidth, scale, svg } from "./charts.js";
import { clockTime, duration, element, list, minuteTime } from "./words.js";

/** What each node was at, and what happened. */

const place = document.getElementById("timeline");
const laneHeight = 40;
const words = {
  ...{ serves: "serves", starts: "takes over", leaves: "leaves", standby: "is a standby" },
  ...{ unfit: "is unfit", silent: "does not answer", unknown: "is unknown" },
};
const heights = { serves: 16, starts: 16, leaves: 16, silent: 16, standby: 6, unfit: 6 };
let timeline;
let minutes = 60;

const patterns = () =>
  svg("defs", {}, [
    svg("pattern", { id: "silence", width: 5, height: 8, patternUnits: "userSpaceOnUse" }, [
      svg("rect", { class: "dot", width: 2, height: 8 }),
    ]),
    svg(
      "pattern",
      { id: "leaving", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      [svg("line", { class: "stripe", x1: 0, y1: 0, x2: 0, y2: 6 })],
    ),
  ]);

function drawLane({ node, activities, vip }, i, x, left, right) {
  const top = i * laneHeight + 16;
  const bar = (from, until, name, y, height) =>
    svg("rect", { class: name, x: x(from), y, width: Math.max(1.5, x(until) - x(from)), height });
  const seen = ({ until }) => x(until) > left;
  return [
    label(0, top - 3, node, { class: "name" }),
    svg("rect", { class: "lane", x: left, y: top + 7, width: right - left, height: 2 }),
    ...activities
      .filter((each) => seen(each) && heights[each.activity])
      .map(({ from, until, activity }) => {
        const height = heights[activity];
        return bar(from, until, activity, top + 8 - height / 2, height);
      }),
    ...vip.filter(seen).map(({ from, until }) => bar(from, until, "vip", top + 18, 3)),
  ];
}

function drawing(width) {
  const { until, lanes, chains } = timeline;
  const from = until - minutes * 60_000;
  const [left, right] = [0, width - 1];
  const x = scale(from, until, left, right);
  const bottom = lanes.length * laneHeight + 6;
  const wide = width < 520 ? 2 : 1;
  const step = (minutes > 10 ? wide * 10 : wide * 2) * 60_000;
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at < until; at += step) {
    ticks.push(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: 0, y2: bottom }));
    if (x(at) > 18 && x(at) < right - 18)
      ticks.push(label(x(at), bottom + 14, minuteTime(at), { "text-anchor": "middle" }));
  }
  const marks = chains
    .filter(({ kind, begin }) => toneOf(kind) !== "none" && begin > from)
    .map(({ begin }) => svg("line", { class: "mark", x1: x(begin), x2: x(begin), y1: 2, y2: bottom }));
  return [patterns(), ...ticks, ...marks, ...lanes.flatMap((lane, i) => drawLane(lane, i, x, left, right))];
}

const tones = {
  ...{ failover: "bad", "failed start": "bad", end: "bad", restart: "warn", unfit: "warn", vip: "warn" },
  ...{ switchover: "good", start: "good" },
};
const toneOf = (kind) => tones[kind] ?? "none";

function howLong({ kind, begin, end, phases }) {
  const took = end === undefined ? "" : duration((end - begin) / 1000);
  if (["event", "agent", "vip", "end"].includes(kind)) return "";
  if (kind === "unfit") return end === undefined ? "goes on" : `for ${took}`;
  if (kind === "failed start") return `given up after ${took}`;
  return end === undefined ? "under way, or not known" : `well after ${took}${phaseWords(phases, begin)}`;
}

function phaseWords(phases, begin) {
  const steps = ["vip", "lease", "mounted", "started"].flatMap((name) =>
    phases[name] === undefined
      ? []
      : [`${name === "vip" ? "VIP" : name} ${((phases[name] - begin) / 1000).toFixed(1)}`],
  );
  return steps.length > 0 ? ` (s: ${steps.join(", ")})` : "";
}

function chainItem(chain) {
  const { kind, begin, node, from, epoch, why } = chain;
  const item = element("li", "", { "data-tone": toneOf(kind) });
  const where = from !== undefined && from !== node ? `${from} → ${node}` : node;
  const head = element("p");
  head.append(
    element("span", clockTime(begin), { class: "when" }),
    " ",
    element("strong", kind === "vip" ? "VIP moved" : kind),
    ` ${where}${epoch ? `, epoch ${epoch}` : ""} `,
    element("span", howLong(chain), { class: "small" }),
  );
  item.append(head, element("p", why));
  return item;
}

function show() {
  if (!timeline) return;
  const { lanes, chains, remarks, until } = timeline;
  draw(place, lanes.length * laneHeight + 26, drawing);
  const now = lanes
    .map(({ node, activities }) => `${node} ${words[activities.at(-1)?.activity ?? "unknown"]}`)
    .join(", ");
  const many = chains.filter(({ kind, begin }) => kind === "failover" && begin > until - 3_600_000).length;
  place.setAttribute(
    "aria-label",
    `What each node was at in the last ${minutes} minutes. Now ${now}. Failovers: ${many}.`,
  );
  const latest = [...chains].reverse();
  const none = () => [element("li", "Nothing has happened in the last hour.", { "data-tone": "none" })];
  list(document.getElementById("chains"), JSON.stringify(latest), () =>
    latest.length > 0 ? latest.map(chainItem) : none(),
  );
  list(document.getElementById("clocks"), JSON.stringify(remarks), () =>
    remarks.map((each) => element("li", each)),
  );
}

export function showTimeline(given) {
  timeline = given;
  show();
}

for (const button of document.querySelectorAll(".spans button"))
  button.addEventListener("click", () => {
    minutes = Number(button.dataset.minutes);
    for (const each of document.querySelectorAll(".spans button"))
      each.setAttribute("aria-pressed", String(each === button));
    show();
  });

onWidth(place, show);
