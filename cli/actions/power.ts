import { controlMachine } from "../../drill/testbed/machines";
import { Failure } from "../../local/errors";
import { knownNode } from "../../stack/nodes";
import type { RecordedMachine } from "../../stack/state";
import type { ReachedStack } from "../place";
import { confirm } from "../ui/confirm";
import { npmRun } from "../ui/npm-run";

export interface PowerOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** The node's name. */
  node: string;
  /** Do not ask. */
  yes?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The machine that a node is. */
function machineOf({ known, machines }: ReachedStack, name: string): RecordedMachine {
  knownNode(known, name);
  const found = machines.find((each) => each.name === name);
  if (found) return found;
  throw new Failure(
    `${name} is a host that existed before: its power is not this program's affair, so use its own switch`,
  );
}

/**
 * Turns a node's machine off at once, as its power switch would, after a confirmation: a failover to look at.
 *
 * @returns 0
 */
export async function powerOff(reached: ReachedStack, { stack, node, yes }: PowerOptions): Promise<number> {
  const machine = machineOf(reached, node);
  if (!yes)
    await confirm({
      title: `${node} would lose its power at once, with all that is not on its disk:`,
      losses: ["what it serves goes to another node"],
      message: `Turn ${node} off?`,
      unasked: npmRun("power-off", stack, "--yes", node),
    });
  await controlMachine(machine, "power-off", "");
  say(`${node} is off. \`${npmRun("status", stack, "--watch")}\` shows what happens`);
  say(`\`${npmRun("power-on", stack, node)}\` turns it on again`);
  return 0;
}

/**
 * Turns a node's machine on.
 *
 * @returns 0; the machine boots then
 */
export async function powerOn(reached: ReachedStack, { stack, node }: PowerOptions): Promise<number> {
  await controlMachine(machineOf(reached, node), "power-on", "");
  say(`${node} is on, and boots. \`${npmRun("status", stack, "--watch")}\` shows when it is back`);
  return 0;
}
