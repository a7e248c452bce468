import type { Sample } from "../probes/samples";
import type { Recording } from "../recording";

/** A stretch of time, milliseconds. */
export interface Span {
  from: number;
  to: number;
}

/** Longer without a look, and nothing is known; a recorder looks every 200 ms at least. */
const blind = 1_000;
const oneLook = 200;

/** When something was so on a node, by its samples. */
export function spansOf(samples: readonly Sample[], isSo: (sample: Sample) => boolean): Span[] {
  const spans: Span[] = [];
  for (const [i, sample] of samples.entries()) {
    if (!isSo(sample)) continue;
    const next = samples[i + 1];
    // Both before and after a gap it was so, so it was in between: a node that was busy did not look.
    const known = next && (isSo(next) || next.at - sample.at < blind);
    const to = known ? next.at : sample.at + oneLook;
    const last = spans.at(-1);
    if (last && last.to >= sample.at) last.to = to;
    else spans.push({ from: sample.at, to });
  }
  return spans;
}

/** What is in all of `spans` and in none of `others`. */
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

/** When at least two of them were at the same time. */
export function overlaps(all: readonly (readonly Span[])[]): Span[] {
  const edges = all
    .flatMap((spans) =>
      spans.flatMap(({ from, to }) => [
        { at: from, by: 1 },
        { at: to, by: -1 },
      ]),
    )
    // One that ends when another begins does not overlap it.
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

/** Spans that are no further apart than `most` as one. They are given, and come back, in the order of time. */
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

/** What of the spans lies within one. */
export const within = (spans: readonly Span[], { from, to }: Span): Span[] =>
  without(spans, [
    { from: Number.NEGATIVE_INFINITY, to: from },
    { from: to, to: Number.POSITIVE_INFINITY },
  ]);

const endOf: Partial<Record<string, string>> = { "power-off": "power-on", pause: "resume" };

/** When a machine was off or paused: then nothing on it runs, whatever its last sample said. */
export function stillSpans(recording: Recording, node: string): Span[] {
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

/** When something was so on each of the nodes that ran. */
export function nodeSpans(recording: Recording, isSo: (sample: Sample) => boolean): Map<string, Span[]> {
  return new Map(
    recording.nodes.map((node) => [
      node,
      without(spansOf(recording.samples[node] ?? [], isSo), stillSpans(recording, node)),
    ]),
  );
}
