import { z } from "zod";
import { number, whole } from "./values";

/** `must be a list of settings by name` instead of zod's words for the wrong type. */
export const settingsByName = (issue: { code?: string | undefined }): string | undefined =>
  issue.code === "invalid_type" ? "must be a list of settings by name" : undefined;

/** How the guard looks whether Rancher is well; seconds. A hang is known after `every + failures * timeout`. */
const healthSchema = z.strictObject(
  {
    /** Between two questions for `/healthz`. */
    every: number(0.5, 60, " s").default(1),
    /** What an answer may take. */
    timeout: number(0.5, 60, " s").default(2),
    /** Failures in a row that count. */
    failures: whole(1, 20).default(2),
    /** Between two deep checks, which ask the datastore, too. */
    deepEvery: number(1, 3_600, " s").default(15),
    deepTimeout: number(0.5, 60, " s").default(5),
  },
  { error: settingsByName },
);

/** The guard's timers, seconds; what each is for stands in guard/configuration.bash. */
const guardSchema = z.strictObject(
  {
    heartbeat: number(0.25, 60, " s").default(1),
    giveUp: number(1, 300, " s").default(6),
    watchdog: whole(2, 300, " s").default(10),
    leaseTime: whole(3, 600, " s").default(15),
    graceTime: whole(3, 900, " s").default(20),
    vipLoss: number(0.5, 300, " s").default(2),
    giveBack: number(1, 600, " s").default(8),
    hold: number(1, 600, " s").default(10),
    holdOff: number(1, 3_600, " s").default(60),
    restarts: whole(1, 100).default(3),
    startLimit: number(5, 3_600, " s").default(60),
    stopGrace: whole(1, 600, " s").default(30),
    copyLimit: number(1, 3_600, " s").default(20),
    health: healthSchema.default(healthSchema.parse({})),
  },
  { error: settingsByName },
);

export type GuardSettings = z.infer<typeof guardSchema>;

/** Settings of the guard, at the top of a stack's file. */
export const guardShape = { guard: guardSchema.default(guardSchema.parse({})) };

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
