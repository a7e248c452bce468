import { callOf } from "../../local/called";
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
  /** The node that gets the VIP; undefined: keepalived chooses. */
  node?: string | undefined;
}

/** Seconds for which a node refuses the VIP in a switchover, unless it is ended earlier. */
const yieldSeconds = 30;

/**
 * Moves the VIP to another node: the holder gives it away.
 *
 * @returns 0
 * @throws Failure if no node can take the VIP, or none did; the VIP is then where it was
 */
export async function switchover(known: KnownStack, { stack, node }: SwitchoverOptions): Promise<number> {
  const { keepalived, address } = checkSettingsFile(existingStackFile(stack));
  const goesBack = address.vips.some(({ preempt }) => preempt);
  if (keepalived.preempt || goesBack)
    throw new Failure(
      `with \`${goesBack ? "preempt" : "keepalived.preempt"}\` the preferred node would take the VIP back at once: use \`${callOf("maintenance", "HOLDER", "on")}\``,
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
    // The refusal would end by itself, but these nodes may be needed earlier.
    await Promise.allSettled(asked.map((name) => onNode(known, name, "yield", ["0"])));
  }
}
