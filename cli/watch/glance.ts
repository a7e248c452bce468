import type { NodeReport } from "../../stack/node-report";

/** What is followed of a node, whichever program of ours runs there. */
export interface Glance {
  /** False: the node did not answer in time; nothing else is known then. */
  answers: boolean;
  holdsVip: boolean;
  /** The word for what our program there does. */
  state: string;
  reason: string;
  epoch: number | undefined;
  container: string;
}

/** What our program says of itself; the present one's part of the report is `agent`, the former one's `guard`. */
interface Own {
  state?: string | null;
  reason?: string | null;
  epoch?: number | null;
}

export function glanceOf({ status }: NodeReport): Glance {
  const { agent, guard } = (status ?? {}) as { agent?: Own | null; guard?: Own | null };
  const own = agent ?? guard;
  return {
    answers: status !== undefined,
    holdsVip: status?.holdsVip === true,
    state: own?.state ?? "",
    reason: own?.reason ?? "",
    epoch: own?.epoch ?? undefined,
    container: status?.container?.state ?? "",
  };
}
