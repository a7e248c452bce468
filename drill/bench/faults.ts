import { setTimeout as sleep } from "node:timers/promises";
import type { VrrpSpec } from "../../domain/vrrp";
import { clock } from "../../local/clock";
import type { Rig, RigNode } from "../rig/rig";

/** A fault of the holder in the rig. */
export interface Fault {
  name: string;
  /** The holder announces that it goes, so the backup only waits for its skew time. */
  planned: boolean;
  /** The VIP stays on the old holder's interface. */
  leavesVip: boolean;
  inject(rig: Rig, holder: RigNode): void;
}

const fault = (
  name: string,
  options: { planned?: boolean; leavesVip?: boolean },
  inject: Fault["inject"],
): Fault => ({ name, planned: false, leavesVip: false, ...options, inject });

/** By name, in the order of the table. */
export const faults = {
  switchover: fault("switchover", { planned: true }, (_, holder) => holder.track("yield", 1)),
  SIGTERM: fault("SIGTERM", { planned: true }, (_, holder) => {
    holder.supervised = false;
    holder.signal("SIGTERM");
  }),
  // All of keepalived is killed. Its VIP stays on the interface; a restart would remove it, but is not measured here.
  "kill -9": fault("kill -9", { leavesVip: true }, (_, holder) => {
    holder.supervised = false;
    holder.signal("SIGKILL", "both");
  }),
  "link down": fault("link down", {}, (rig, holder) => rig.carrier(holder, false)),
  "silent drop": fault("silent drop", { leavesVip: true }, (rig, holder) => rig.silence(holder, true)),
} satisfies Record<string, Fault>;

/** The result of one trial, milliseconds. */
export interface Trial {
  /** Who held the VIP until then. */
  old: string;
  /** From the fault to the first answer of the new holder. */
  takeover: number;
  /** The longest time without an answer to the client. */
  gap: number;
}

/**
 * Injects a fault into the holder of a rig that is in order, and waits until another node answers. With adverts every few
 * milliseconds a machine that is busy makes the nodes take over from each other without a fault: such a moment is waited out.
 */
export async function trial(rig: Rig, { inject, name }: Fault): Promise<Trial> {
  let old = "";
  const one = (): boolean => {
    const holders = rig.holders();
    old = holders[0] ?? "";
    return holders.length === 1 && rig.probe.latest === old;
  };
  await rig.until(one, `one holder before ${name}`);
  const since = clock();
  inject(rig, rig.node(old));
  await rig.until(() => rig.probe.takeover(since, old) !== undefined, `a new holder after ${name}`);
  return { old, takeover: rig.probe.takeover(since, old) ?? 0, gap: rig.probe.longestGap(since) };
}

/** Takes all faults back. */
export async function heal(rig: Rig): Promise<void> {
  rig.partition(false);
  for (const node of rig.nodes) {
    rig.carrier(node, true);
    rig.silence(node, false);
    node.track("yield", 0);
    node.track("track", 0);
    node.maintenance(0);
  }
  rig.probe.forget();
}

/** Takes all faults back, starts every keepalived that has ended, and waits for one holder and backups. */
export async function settle(rig: Rig, spec: VrrpSpec): Promise<void> {
  await heal(rig);
  for (const node of rig.nodes) {
    node.supervised = true;
    if (!node.runs) node.start();
  }
  await rig.until(
    () =>
      rig.holders().length === 1 &&
      rig.nodes.every((node) => node.state === (node.holdsVip ? "MASTER" : "BACKUP")),
    "one holder again, and backups",
  );
  // A backup that has just started takes its first down time from its own interval.
  await sleep(spec.downTimerAdverts * spec.advertInterval * 1000 + 300);
  const [holder] = rig.holders();
  await rig.until(() => rig.holders().length === 1 && rig.probe.latest === holder, "the holder to answer");
  rig.probe.forget();
}
