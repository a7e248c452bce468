import type { Sample } from "../probes/samples";
import type { Recording } from "../recording";

/** A stretch of time, milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/** Milliseconds without a sample after which a state is unknown. A recorder takes a sample every 200 ms at least. */
const unknownAfter = 1_000;
const samplePeriod = 200;

/** When a condition was true on a node, by its samples. */
function spansOf(samples: readonly Sample[], isSo: (sample: Sample) => boolean): Span[] {
  const spans: Span[] = [];
  for (const [i, sample] of samples.entries()) {
    if (!isSo(sample)) continue;
    const next = samples[i + 1];
    // True before and after a gap means true in between: a busy node takes no samples.
    const known = next && (isSo(next) || next.at - sample.at < unknownAfter);
    const to = known ? next.at : sample.at + samplePeriod;
    const last = spans.at(-1);
    if (last && last.to >= sample.at) last.to = to;
    else spans.push({ from: sample.at, to });
  }
  return spans;
}

/** The parts of `spans` that are in none of `others`. */
export function without(spans: readonly Span[], others: readonly Span[]): Span[] {
  return others.reduce<Span[]>(
    (left, other) =>
      left.flatMap(({ from, to }) =>
        [
          { from, to: Math.min(to, other.from) },
          { from: Math.max(from, other.to), to },
        ].filter((part) => part.to > part.from),
      ),
    [...spans],
  );
}

/** The times that are in at least two of the lists. */
export function overlaps(all: readonly (readonly Span[])[]): Span[] {
  const edges = all
    .flatMap((spans) =>
      spans.flatMap(({ from, to }) => [
        { at: from, by: 1 },
        { at: to, by: -1 },
      ]),
    )
    // A span that ends when another one begins does not overlap it.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  const found: Span[] = [];
  let count = 0;
  let began = 0;
  for (const { at, by } of edges) {
    if (count === 1 && by === 1) began = at;
    if (count === 2 && by === -1 && at > began) found.push({ from: began, to: at });
    count += by;
  }
  return found;
}

/** Joins spans that are at most `most` milliseconds apart. They are given and returned in the order of time. */
export function joined(spans: readonly Span[], most: number): Span[] {
  const found: Span[] = [];
  for (const { from, to } of spans) {
    const last = found.at(-1);
    if (last && from - last.to <= most) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

export const lengthOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { from, to }) => sum + to - from, 0);

/** The parts of the spans within another one. */
export const within = (spans: readonly Span[], { from, to }: Span): Span[] =>
  without(spans, [
    { from: Number.NEGATIVE_INFINITY, to: from },
    { from: to, to: Number.POSITIVE_INFINITY },
  ]);

const endOf: Partial<Record<string, string>> = { "power-off": "power-on", pause: "resume" };

/** When a machine was off or paused. Nothing runs on it then, whatever its last sample said. */
function stillSpans(recording: Recording, node: string): Span[] {
  const all = [...recording.injected, ...recording.healed].filter(
    ({ action }) => action.at === "machine" && action.node === node,
  );
  return all.flatMap(({ action, over }, i) => {
    const end = endOf[action.at === "machine" ? action.verb : ""];
    if (!end) return [];
    const back = all.slice(i).find((done) => done.action.at === "machine" && done.action.verb === end);
    return [{ from: over, to: back?.at ?? Number.POSITIVE_INFINITY }];
  });
}

/** When a condition was true, by node; times in which a machine was off or paused are left out. */
export function nodeSpans(recording: Recording, isSo: (sample: Sample) => boolean): Map<string, Span[]> {
  return new Map(
    recording.nodes.map((node) => [
      node,
      without(spansOf(recording.samples[node] ?? [], isSo), stillSpans(recording, node)),
    ]),
  );
}
