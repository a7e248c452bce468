import { type Invariant, invariants } from "../faults";
import type { Recording } from "../recording";
import { type Measures, measuresOf, ownerAt } from "./measures";
import { lengthOf, nodeSpans, overlaps, type Span, within, without } from "./spans";

/** An invariant that did not hold, and what was observed. */
export interface Breach {
  invariant: Invariant;
  why: string;
}

export interface Verdict {
  measures: Measures;
  breaches: Breach[];
  /** What took longer than promised. */
  slow: string[];
}

/** The precision of two nodes' samples on one clock, milliseconds. */
const precision = 50;
/** Milliseconds between the end of a container and the unmounting of its data, in either order. */
const unmounting = 300;
/** Milliseconds after healing from which on there must be one holder. */
const settled = 1_000;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
const at = ({ from }: Span): string => `${seconds(from)} after the fault`;

/** The time after the resume of a machine in which its node may not know yet that another one serves. */
const excused = ({ healed, excusedAfterResume }: Recording): { node: string; span: Span }[] =>
  healed.flatMap(({ action, over }) =>
    excusedAfterResume && action.at === "machine" && action.verb === "resume"
      ? [{ node: action.node, span: { from: over - 500, to: over + excusedAfterResume } }]
      : [],
  );

function oneWriter(recording: Recording): string[] {
  const found: string[] = [];
  const check = (isSo: Parameters<typeof nodeSpans>[1], what: string): void => {
    const spans = nodeSpans(recording, isSo);
    const both = without(
      overlaps([...spans.values()]),
      excused(recording).map(({ span }) => span),
    ).filter((span) => lengthOf([span]) > precision);
    const [first] = both;
    if (first) found.push(`${what} for ${seconds(lengthOf(both))}, first ${at(first)}`);
  };
  check(({ container }) => container, "the container ran on two nodes");
  check(({ data }) => data, "two nodes had the data mounted");
  // A running container is excused, an acknowledged write is not. The node that answers is the VIP's owner when the
  // write was sent: a request on its way is not redirected when the neighbour table changes.
  for (const { node, span } of excused(recording)) {
    const others = recording.nodes.filter((name) => name !== node);
    const running = nodeSpans(recording, ({ container }) => container);
    const both = within(
      overlaps([running.get(node) ?? [], others.flatMap((name) => running.get(name) ?? [])]),
      span,
    );
    const taken = recording.client.writes.filter(
      ({ outcome, sent, answered }) =>
        outcome === "yes" &&
        both.some(({ from, to }) => answered >= from && answered <= to) &&
        ownerAt(recording, sent) === node,
    );
    if (taken.length)
      found.push(
        `${node} acknowledged ${taken.length} writes after it was resumed, while another one served`,
      );
  }
  return found;
}

function noLostWrite({ writes }: Measures): string[] {
  if (!writes) return [];
  const list = (numbers: number[]): string =>
    `${numbers.length} (${numbers.slice(0, 5).join(", ")}${numbers.length > 5 ? ", ..." : ""})`;
  return [
    ...(writes.lost.length ? [`acknowledged writes that are not there: ${list(writes.lost)}`] : []),
    ...(writes.duplicated.length ? [`writes that are there twice: ${list(writes.duplicated)}`] : []),
    ...(writes.reordered.length ? [`acknowledged writes in the wrong order: ${list(writes.reordered)}`] : []),
  ];
}

function epochsGrow({ nodes, samples }: Recording): string[] {
  const owners = new Map<number, Set<string>>();
  const seen = nodes
    .flatMap((node) =>
      (samples[node] ?? [])
        .filter(({ lease, epoch }) => lease && epoch > 0)
        .map((sample) => ({ node, ...sample })),
    )
    .sort((a, b) => a.at - b.at);
  for (const { node, epoch } of seen) owners.set(epoch, (owners.get(epoch) ?? new Set()).add(node));
  const order = [...owners.keys()];
  return [
    ...[...owners].flatMap(([epoch, names]) =>
      names.size > 1 ? [`epoch ${epoch} had the owners ${[...names].join(" and ")}`] : [],
    ),
    ...(order.every((epoch, i) => i === 0 || epoch > (order[i - 1] ?? 0))
      ? []
      : [`epochs were seen in the order ${order.join(", ")}`]),
  ];
}

function boundedHolders({ bounds }: Recording, { twoHolders }: Measures): string[] {
  return twoHolders > bounds.twoHolders
    ? [`two holders for ${seconds(twoHolders)}, at most ${seconds(bounds.twoHolders)} is bounded`]
    : [];
}

function oneHolderAfterwards(recording: Recording): string[] {
  const { healedAt, to, after } = recording;
  const late = within(overlaps([...nodeSpans(recording, ({ vip }) => vip).values()]), {
    from: healedAt + settled,
    to,
  }).filter((span) => lengthOf([span]) > 4 * precision);
  const found: string[] = [];
  if (late[0])
    found.push(`two holders for ${seconds(lengthOf(late))}, later than ${seconds(settled)} after healing`);
  const [holder, ...others] = after.holders;
  if (!holder || others.length) {
    found.push(`in the end the holders were ${after.holders.join(" and ") || "none"}`);
    return found;
  }
  const owner = ownerAt(recording, to);
  if (recording.macs[holder] && owner !== holder)
    found.push(
      `in the end ${holder} had the VIP, and the client's neighbour table named ${owner ?? "nobody"}`,
    );
  return found;
}

function dataMounted(recording: Recording): string[] {
  return [...nodeSpans(recording, ({ container, data }) => container && !data)].flatMap(([node, spans]) => {
    const [long] = spans.filter((span) => lengthOf([span]) > unmounting);
    return long
      ? [
          `the container ran on ${node} for ${seconds(lengthOf([long]))} without the data mounted, ${at(long)}`,
        ]
      : [];
  });
}

function comesBack({ outage, after, healthyAt }: Recording, { serviceGap }: Measures): string[] {
  const found: string[] = [];
  if (serviceGap !== undefined && serviceGap > outage)
    found.push(`no service for ${seconds(serviceGap)}, at most ${seconds(outage)} is bounded`);
  if (healthyAt === undefined) found.push(`the stack did not become healthy by itself: ${after.message}`);
  return found;
}

/** Who had the lease after the fault, and with which epoch, must be who had it before. */
function sameEpoch({ keeps, holder, nodes, samples }: Recording): string[] {
  if (!keeps) return [];
  const before = (samples[holder] ?? [])
    .filter(({ at, lease, epoch }) => at <= 0 && lease && epoch > 0)
    .at(-1);
  if (!before) return [`which epoch ${holder} had before the fault is not known`];
  const others = nodes.flatMap((node) =>
    (samples[node] ?? [])
      .filter(({ at: when, lease, epoch }) => when > 0 && lease && epoch > 0)
      .filter(({ epoch }) => node !== holder || epoch !== before.epoch)
      .map((sample) => ({ node, ...sample })),
  );
  const [first] = others.sort((a, b) => a.at - b.at);
  return first
    ? [
        `${first.node} had the lease with epoch ${first.epoch}, ${seconds(first.at)} after the fault; before, ${holder} had epoch ${before.epoch}`,
      ]
    : [];
}

function lateness({ bounds }: Recording, { vipGap, serviceGap }: Measures): string[] {
  const found: string[] = [];
  const check = (who: string, took: number | undefined, promised: number | undefined): void => {
    if (took !== undefined && promised !== undefined && took > promised)
      found.push(`${who} did not answer for ${seconds(took)}, ${seconds(promised)} is promised`);
  };
  check("the VIP", vipGap, bounds.vipGap);
  check("the service", serviceGap, bounds.serviceGap);
  return found;
}

/** Measures a trial, and says which of the invariants held. */
export function audit(recording: Recording): Verdict {
  const measures = measuresOf(recording);
  const checks: Record<Invariant, string[]> = {
    I1: oneWriter(recording),
    I2: noLostWrite(measures),
    I3: epochsGrow(recording),
    I4: boundedHolders(recording, measures),
    I5: oneHolderAfterwards(recording),
    I6: dataMounted(recording),
    I7: comesBack(recording, measures),
    // How long the service was away is judged over all trials of the fault (report/rows.ts).
    I9: sameEpoch(recording),
  };
  const breaches = (Object.keys(invariants) as Invariant[]).flatMap((invariant) =>
    checks[invariant].map((why) => ({ invariant, why })),
  );
  return { measures, breaches, slow: lateness(recording, measures) };
}
