/*
 * The samples of a node's recorder (node/drill/sampler) on this machine's clock. A node's own time is seconds since its
 * boot. It is compared with ours again and again by a question and its answer. It runs evenly, except for jumps: a
 * paused machine does not notice the pause, and a boot starts from zero.
 */

/** The state of a node at one moment. */
export interface Sample {
  /** This machine's monotonic milliseconds. */
  at: number;
  vip: boolean;
  container: boolean;
  data: boolean;
  /** The agent has said that this node has the lease, and its lease process lives. */
  lease: boolean;
  epoch: number;
  /** The agent's state; missing in recordings of drills whose nodes had a guard. */
  agent?: string;
}

/** A line as it arrived. */
export interface RawSample extends Sample {
  /** The node's seconds since boot; `at` is when the line arrived. */
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
  const found = /^(\d+\.\d+) ([01]) ([01]) ([01]) ([01]) (\d+) ([a-z]+)$/.exec(line);
  if (!found) return undefined;
  const [, up, vip, container, data, lease, epoch, agent = ""] = found;
  return {
    ...{ at, up: Number(up), vip: vip === "1", container: container === "1" },
    ...{ data: data === "1", lease: lease === "1", epoch: Number(epoch), agent },
  };
}

/** A stretch in which a node's time ran evenly: its milliseconds plus the offset are ours. */
interface Stretch {
  /** Node's milliseconds of its first and last tick. */
  from: number;
  to: number;
  lowest: number;
  highest: number;
}

/** The precision of a node's time, milliseconds. */
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
 * Converts samples of one boot to this machine's clock.
 *
 * @param ticks in the order in which they were asked
 * @returns sorted; none without a tick
 */
export function placeSamples(raw: readonly RawSample[], ticks: readonly Tick[]): Sample[] {
  const all = stretches(ticks);
  const place = ({ up, ...sample }: RawSample): Sample | undefined => {
    const node = up * 1000;
    // A sample between two stretches belongs to one of them; one before or after all, to the nearest.
    const before = all.filter(({ from }) => from <= node).at(-1);
    const after = all.find(({ to }) => to >= node);
    const [a, b] = [before ?? after, after ?? before];
    if (!a || !b) return undefined;
    // A line arrives after it was written. If it arrived too early for the later stretch, it is of the earlier one.
    const middle = (offsetOf(a) + offsetOf(b)) / 2;
    const offset = a === b || sample.at - node < middle ? offsetOf(a) : offsetOf(b);
    return { ...sample, at: Math.min(node + offset, sample.at) };
  };
  return raw.flatMap((sample) => place(sample) ?? []).sort((a, b) => a.at - b.at);
}
