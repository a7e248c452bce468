import type { StackState } from "../../stack/state";
import type { StatusReport } from "../ui/status-table";
import { unreachable } from "./reachable";
import type { Surroundings } from "./surroundings";
import { wellBeing } from "./well-being";

/** What an update looks at before it changes anything. */
export interface FirstLook {
  /** Why, for people; undefined: at nothing, the state is right. */
  why?: string;
  /** Options of `pulumi up`, one list for each run; the last one is the update itself. */
  runs: readonly (readonly string[])[];
}

const atNothing: FirstLook = { runs: [[]] };

/**
 * The resources that look at what was prepared on a node, Docker with it (components/on-node.ts). Where Docker is down, nothing
 * else that is asked about containers has an answer, so that a look at all would fail.
 */
export const preparations = "**-prepared-kept";

const isDockerDown = ({ standings, nodes }: StatusReport): boolean =>
  standings.some((each) => each.as === "none" && /\bDocker\b/.test(each.why)) ||
  nodes.some(({ status }) => status?.units?.docker !== null && status?.units?.docker !== undefined);

/** What to look at first, by how the stack is. What operators ordered is for them to end, and no drift. */
export function firstLookFor(report: StatusReport): FirstLook {
  const { state, message, standings, nodes } = report;
  if (["healthy", "stopped", "paused", "not-up", "lab-stopped"].includes(state)) return atNothing;
  const isOrder = standings.every((each) => each.as !== "none" || each.isOrdered);
  if (state === "no-standby" && isOrder) return atNothing;
  // What is on a node that is off cannot be looked at.
  if (nodes.some(({ status }) => !status)) return atNothing;
  const why = `Not all is well (${message.replace(/\.? Mend: `[^`]*`/g, "")}): looking first at what is on the nodes (\`--refresh\`)`;
  const whole = ["--refresh"];
  return { why, runs: isDockerDown(report) ? [["--refresh", "--target", preparations], whole] : [whole] };
}

/** Whether all machines answer. Resources on a machine that is off cannot be refreshed. */
async function allAnswer({ machines }: StackState, surroundings: Surroundings): Promise<boolean> {
  const asked = machines.map(({ name, address, sshPort }) => ({ name, address, port: sshPort }));
  return (await unreachable(asked, surroundings)).length === 0;
}

/** What an update of a stack looks at first: what was changed by hand would not be mended by it else. */
export async function firstLook(
  stack: string,
  known: StackState | undefined,
  surroundings: Surroundings,
): Promise<FirstLook> {
  if (!known) return atNothing;
  if (known.interrupted)
    return (await allAnswer(known, surroundings))
      ? {
          why: "Pulumi was killed in its last run: checking first what exists (`--refresh`)",
          runs: [["--refresh"]],
        }
      : atNothing;
  // Before the first `up` has come to its end there is nothing that could have been changed.
  if (typeof known.outputs.url !== "string") return atNothing;
  const report = await wellBeing(stack, surroundings);
  return typeof report === "string" ? atNothing : firstLookFor(report);
}
