import { compareWrites, type WritesFound } from "../probes/writes";
import type { Recording } from "../recording";
import { longestGap } from "../statistics";
import { lengthOf, nodeSpans, overlaps } from "./spans";

/** The figures of one trial, milliseconds. Undefined means not measured, which is not 0. */
export interface Measures {
  /** Longest time without an answer of the VIP to ICMP. */
  vipGap?: number;
  /** Longest time without an answer of the service. */
  serviceGap?: number;
  /** From the fault to the first answer of another node; only for faults with a bound by the formula. */
  takeover?: number;
  /** Total time with the VIP on two nodes, and with containers running on two nodes. */
  twoHolders: number;
  twoWriters: number;
  writes?: WritesFound;
}

/** The longest gap between neighbouring times from 0 to `to`. A gap that began before 0 counts as a whole. */
function gapAfterFault(times: readonly number[], to: number): number | undefined {
  const sorted = [...times].sort((a, b) => a - b);
  const first = sorted.filter((at) => at <= 0).at(-1);
  if (first === undefined) return undefined;
  return longestGap([...sorted.filter((at) => at >= first && at <= to), to]);
}

/** The node to which the client sent packets for the VIP at a time. */
export function ownerAt({ client, macs }: Recording, at: number): string | undefined {
  const mac = client.owners.filter((owner) => owner.at <= at).at(-1)?.mac;
  return Object.keys(macs).find((node) => mac && macs[node] === mac);
}

/** When the fault took effect: as the node says, or for a machine that was turned off, its last answer. */
function effectTime(recording: Recording): number {
  const [first] = recording.injected;
  if (!first) return 0;
  if (first.effectAt !== undefined) return first.effectAt;
  const last = recording.client.answers
    .filter((at) => at <= first.over + 200 && ownerAt(recording, at) === recording.holder)
    .at(-1);
  return Math.max(first.at, last ?? first.over);
}

function takeover(recording: Recording): number | undefined {
  if (recording.takeoverBound === undefined || !recording.macs[recording.holder]) return undefined;
  const from = effectTime(recording);
  const first = recording.client.answers.find((at) => {
    const owner = at >= from ? ownerAt(recording, at) : undefined;
    return owner !== undefined && owner !== recording.holder;
  });
  return first === undefined ? undefined : first - from;
}

export function measuresOf(recording: Recording): Measures {
  const { client, to, stored } = recording;
  const both = (isSo: Parameters<typeof nodeSpans>[1]): number =>
    Math.round(lengthOf(overlaps([...nodeSpans(recording, isSo).values()])));
  const defined = <T extends object>(values: T): T =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
  return {
    ...defined({
      vipGap: gapAfterFault(client.answers, to),
      serviceGap: gapAfterFault(
        client.asked.filter(({ ok }) => ok).map(({ answered }) => answered),
        to,
      ),
      takeover: takeover(recording),
      writes: stored && compareWrites(client.writes, stored),
    }),
    twoHolders: both(({ vip }) => vip),
    twoWriters: both(({ container }) => container),
  };
}
