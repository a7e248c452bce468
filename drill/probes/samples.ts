/*
 * What a node's recorder (drill/nodes/sampler) told, on this machine's clock. A node's own time is seconds since its
 * boot. It is compared again and again by a question and its answer; it runs evenly but for jumps: a machine that is
 * paused does not notice, and one that boots begins anew.
 */

/** A look at a node. */
export interface Sample {
  /** This machine's monotonic milliseconds. */
  at: number;
  vip: boolean;
  container: boolean;
  data: boolean;
  /** Its guard says that it has the lease. */
  lease: boolean;
  epoch: number;
  guard: string;
}

/** A line as it came. */
export interface RawSample extends Sample {
  /** The node's seconds since boot; `at` is when the line came. */
  up: number;
}

/** A question for the node's time: monotonic milliseconds here, seconds since boot there. */
export interface Tick {
  sent: number;
  received: number;
  up: number;
}

/** Reads a line; undefined if it is none, or half of one. */
export function parseSample(line: string, at: number): RawSample | undefined {
  const found = /^(\d+\.\d+) ([01]) ([01]) ([01]) ([01]) (\d+) ([A-Z]+)$/.exec(line);
  if (!found) return undefined;
  const [, up, vip, container, data, lease, epoch, guard = ""] = found;
  return {
    ...{ at, up: Number(up), vip: vip === "1", container: container === "1" },
    ...{ data: data === "1", lease: lease === "1", epoch: Number(epoch), guard },
  };
}

/** A stretch in which a node's time ran evenly: its milliseconds plus `offset` are ours. */
interface Stretch {
  /** Node's milliseconds of its first and last tick. */
  from: number;
  to: number;
  lowest: number;
  highest: number;
}

/** A tick's node time is one hundredth of a second exact. */
const resolution = 10;

function stretches(ticks: readonly Tick[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { sent, received, up } of ticks) {
    const node = up * 1000;
    const [low, high] = [sent - node - resolution, received - node];
    const last = found.at(-1);
    if (last && node >= last.to && low <= last.highest && high >= last.lowest) {
      last.to = node;
      last.lowest = Math.max(last.lowest, low);
      last.highest = Math.min(last.highest, high);
    } else found.push({ from: node, to: node, lowest: low, highest: high });
  }
  return found;
}

const offsetOf = ({ lowest, highest }: Stretch): number => (lowest + highest) / 2;

/**
 * Puts samples of one boot on this machine's clock.
 *
 * @param ticks in the order in which they were asked
 * @returns none without a tick; sorted
 */
export function placeSamples(raw: readonly RawSample[], ticks: readonly Tick[]): Sample[] {
  const all = stretches(ticks);
  const place = ({ up, ...sample }: RawSample): Sample | undefined => {
    const node = up * 1000;
    // Between two stretches it belongs to one of them; before and after all, to the nearest.
    const before = all.filter(({ from }) => from <= node).at(-1);
    const after = all.find(({ to }) => to >= node);
    const [a, b] = [before ?? after, after ?? before];
    if (!a || !b) return undefined;
    // A line comes after it was written: one that came too early for the later stretch is of the earlier one.
    const middle = (offsetOf(a) + offsetOf(b)) / 2;
    const offset = a === b || sample.at - node < middle ? offsetOf(a) : offsetOf(b);
    return { ...sample, at: Math.min(node + offset, sample.at) };
  };
  return raw.flatMap((sample) => place(sample) ?? []).sort((a, b) => a.at - b.at);
}
