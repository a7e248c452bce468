import { z } from "zod";
import { number, settingsByName, whole } from "./values";

/** How the guard looks whether Rancher is well; seconds. A hang is known after `every + failures * timeout`. */
const healthSchema = z.strictObject(
  {
    every: number(0.5, 60, " s").default(1).describe("Between two questions for `/healthz`, seconds"),
    timeout: number(0.5, 60, " s").default(2).describe("What an answer may take, seconds"),
    failures: whole(1, 20)
      .default(2)
      .describe("Failures in a row that count: a hang is known after `every` and so many times `timeout`"),
    deepEvery: number(1, 3_600, " s")
      .default(15)
      .describe("Between two deep checks, which ask the datastore, too; seconds"),
    deepTimeout: number(0.5, 60, " s")
      .default(5)
      .describe("What the answer to a deep check may take, seconds"),
  },
  { error: settingsByName },
);

/** The guard's timers, seconds; what each is for stands in node/guard/configuration.bash. */
const guardSchema = z.strictObject(
  {
    heartbeat: number(0.25, 60, " s")
      .default(1)
      .describe("Between two heartbeats of the lease's owner, seconds"),
    giveUp: number(1, 300, " s")
      .default(6)
      .describe(
        "Without a heartbeat for so long the owner kills its container, and systemd a guard that hangs; seconds",
      ),
    watchdog: whole(2, 300, " s")
      .default(10)
      .describe(
        "Without a heartbeat for so long an owner is certain not to write: a successor waits for it, and the watchdog of a node that hangs resets it; seconds",
      ),
    leaseTime: whole(3, 600, " s")
      .default(15)
      .describe("Lease time of the NFS server: so long a silent owner keeps its lock; seconds"),
    graceTime: whole(3, 900, " s")
      .default(20)
      .describe(
        "Grace time of the NFS server: after its restart nobody gets a new lock for so long; seconds",
      ),
    vipLoss: number(0.5, 300, " s")
      .default(2)
      .describe("Without the VIP for so long the service is stopped; seconds"),
    giveBack: number(1, 600, " s")
      .default(8)
      .describe("With the VIP for so long while another node serves: it is given back; seconds"),
    hold: number(1, 600, " s")
      .default(10)
      .describe("How long a VIP that was given back is refused, longer each time; seconds"),
    holdOff: number(1, 3_600, " s")
      .default(60)
      .describe("How long the VIP is refused after starts that failed, seconds"),
    restarts: whole(1, 100)
      .default(3)
      .describe("Starts of a container that ends by itself, before another node tries"),
    startLimit: number(5, 3_600, " s")
      .default(60)
      .describe("How long mounting, and starting the container, may take; seconds"),
    stopGrace: whole(1, 600, " s")
      .default(30)
      .describe("Between SIGTERM and SIGKILL when the container is stopped in order, seconds"),
    copyLimit: number(1, 3_600, " s")
      .default(20)
      .describe(
        "How long the copy of the datastore before a start may take, seconds; after that the start goes on without",
      ),
    health: healthSchema
      .default(healthSchema.parse({}))
      .describe("How the guard looks whether Rancher is well"),
  },
  { error: settingsByName },
);

export type GuardSettings = z.infer<typeof guardSchema>;

/** Settings of the guard, at the top of a stack's file. */
export const guardShape = {
  guard: guardSchema
    .default(guardSchema.parse({}))
    .describe(
      "Timers of the guard, which are checked against each other: heartbeat < giveUp < watchdog < leaseTime <= graceTime",
    ),
};

/**
 * The order of the timers, which the argument for one writer stands on: heartbeat < give up < watchdog < lease <=
 * grace. The guard checks the same on each node, and there the server's real lease time, too.
 */
export function guardMistakes({ guard }: { guard: GuardSettings }): string[] {
  const { heartbeat, giveUp, watchdog, leaseTime, graceTime, vipLoss, giveBack } = guard;
  const rules: [kept: boolean, mistake: string][] = [
    [
      giveUp >= 3 * heartbeat,
      `\`guard.giveUp\` (${giveUp} s) must be at least three times \`guard.heartbeat\` (${heartbeat} s): one late heartbeat is no fault`,
    ],
    [
      watchdog >= giveUp + 2 * heartbeat,
      `\`guard.watchdog\` (${watchdog} s) must be at least \`guard.giveUp\` (${giveUp} s) and twice \`guard.heartbeat\` (${heartbeat} s): killing the container takes time`,
    ],
    [
      leaseTime > watchdog,
      `\`guard.leaseTime\` (${leaseTime} s) must be more than \`guard.watchdog\` (${watchdog} s): an owner must be silent before the NFS server gives its lease away`,
    ],
    [
      graceTime >= leaseTime,
      `\`guard.graceTime\` (${graceTime} s) must be at least \`guard.leaseTime\` (${leaseTime} s): after its restart the NFS server must wait for every owner that it may have had`,
    ],
    [
      giveBack >= vipLoss + 3 * heartbeat,
      `\`guard.giveBack\` (${giveBack} s) must be at least \`guard.vipLoss\` (${vipLoss} s) and three times \`guard.heartbeat\` (${heartbeat} s): so long an owner takes to say that it steps down`,
    ],
  ];
  return rules.flatMap(([kept, mistake]) => (kept ? [] : [mistake]));
}
