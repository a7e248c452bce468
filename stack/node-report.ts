import { z } from "zod";
import { shownAnswerOf } from "../providers/remote/answer";

/** The output of node-status on a node (node/guard): everything as measured there at that moment. */
const nodeStatus = z.looseObject({
  holdsVip: z.boolean(),
  vrrpState: z.string().nullish(),
  keepalived: z
    .looseObject({
      version: z.string().nullish(),
      settings: z.string().nullish(),
      edited: z.boolean().nullish(),
      since: z.number().nullish(),
      peers: z.array(z.string()).nullish(),
      heard: z.array(z.string()).nullish(),
      maintenance: z.boolean().nullish(),
    })
    .nullish(),
  guard: z
    .looseObject({
      state: z.string().nullish(),
      since: z.union([z.string(), z.number()]).nullish(),
      epoch: z.number().nullish(),
      reason: z.string().nullish(),
    })
    .nullish(),
  lease: z
    .looseObject({
      owner: z.string().nullish(),
      epoch: z.number().nullish(),
      heldHere: z.boolean().nullish(),
    })
    .nullish(),
  container: z.looseObject({ state: z.string().nullish() }).nullish(),
  health: z.looseObject({ state: z.string().nullish(), reason: z.string().nullish() }).nullish(),
  fencing: z.looseObject({ agent: z.string().nullish(), watchdog: z.boolean().nullish() }).nullish(),
  timers: z.looseObject({ lease: z.number().nullish(), serverLease: z.number().nullish() }).nullish(),
  mounts: z.looseObject({ lease: z.boolean().nullish(), data: z.boolean().nullish() }).nullish(),
  uptime: z.number().nullish(),
});

export type NodeStatus = z.infer<typeof nodeStatus>;

/** A node in `status`: its own report, or the reason why there is none. */
export interface NodeReport {
  name: string;
  address: string;
  /** Undefined if the node could not be asked. */
  status?: NodeStatus;
  error?: string;
}

/** What is said of a node that answers, on which nothing of ours is yet. */
export const notSetUp = "reached; not set up yet";

/** Reads what node-status printed, as it can be shown. */
export const parseNodeStatus = (text: string): NodeStatus => shownAnswerOf(nodeStatus, "node-status", text);
