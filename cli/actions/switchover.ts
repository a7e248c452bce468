import { Failure } from "../../local/errors";
import { checkSettingsFile } from "../../settings/file";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { holdersWhen, onNode } from "../../stack/operate";
import { existingStackFile } from "../../stack/stack-file";
import { planSwitchover, type SwitchoverPlan } from "../../stack/switchover-plan";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface SwitchoverOptions {
  stack: string;
  /** Where to; undefined: whom keepalived chooses. */
  node?: string | undefined;
}

/** Seconds that a node refuses the VIP for a switchover, if nobody ends it earlier. */
const yieldSeconds = 30;

/**
 * Moves the VIP to another node, in order: its holder gives it away.
 *
 * @returns 0
 * @throws Failure if nobody can take it, or nobody did; then the VIP is where it was
 */
export async function switchover(known: KnownStack, { stack, node }: SwitchoverOptions): Promise<number> {
  if (checkSettingsFile(existingStackFile(stack)).keepalived.preempt)
    throw new Failure(
      "with `keepalived.preempt` the preferred node would take the VIP back at once: use `npm run maintenance -- HOLDER on`",
    );
  const plan = planSwitchover(await askNodes(known.nodes), node);
  if (!plan) {
    say(`${node} has the VIP already`);
    return 0;
  }
  say(`${plan.holder} gives the VIP ${known.vip} to ${plan.target ?? "another node"}`);
  const moved = await carryOut(known, plan);
  say(`${moved.holders[0]} has the VIP (seen after ${moved.seconds.toFixed(1)} s); the service follows it`);
  return 0;
}

async function carryOut(known: KnownStack, { holder, target, yielding }: SwitchoverPlan) {
  const asked: string[] = [];
  try {
    for (const name of yielding) {
      asked.push(name);
      await onNode(known, name, "yield", [String(yieldSeconds)]);
    }
    const isOver = ([first, ...others]: string[]): boolean =>
      first !== undefined &&
      others.length === 0 &&
      (target === undefined ? first !== holder : first === target);
    return await holdersWhen(known, isOver, "the VIP did not move as asked");
  } finally {
    // It would end by itself; sooner is better: they may be needed.
    await Promise.allSettled(asked.map((name) => onNode(known, name, "yield", ["0"])));
  }
}
