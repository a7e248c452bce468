import { controlMachine } from "../../drill/testbed/machines";
import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { knownNode } from "../../stack/nodes";
import type { RecordedMachine } from "../../stack/state";
import type { ReachedStack } from "../place";
import { confirm } from "../ui/confirm";

export interface PowerOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
  /** The node's name. */
  node: string;
  /** Do not ask. */
  yes?: boolean;
}

export interface PowerOnOptions extends Pick<PowerOptions, "stack" | "wait"> {
  /** The node's name; none: all machines of the stack. */
  node?: string | undefined;
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
      unasked: callOn(stack, "power-off", "--yes", node),
    });
  await controlMachine(machine, "power-off", "");
  say(`${node} is off. \`${callOn(stack, "status", "--watch")}\` shows what happens`);
  say(`\`${callOn(stack, "power-on")}\` turns it on again`);
  return 0;
}

/**
 * Turns a node's machine on, or all machines that are off.
 *
 * @returns 0; the machines boot then
 */
export async function powerOn(reached: ReachedStack, { stack, node }: PowerOnOptions): Promise<number> {
  const machines = node === undefined ? reached.machines : [machineOf(reached, node)];
  const started: string[] = [];
  for (const machine of machines)
    if (await controlMachine(machine, "power-on", "")) started.push(machine.name);
  if (started.length === 0) {
    say(`${machines.map(({ name }) => name).join(" and ") || "no machine"} was on already`);
    return 0;
  }
  const [are, boot, they] = started.length === 1 ? ["is", "boots", "it is"] : ["are", "boot", "they are"];
  say(
    `${started.join(" and ")} ${are} on, and ${boot}. \`${callOn(stack, "status", "--watch")}\` shows when ${they} back`,
  );
  return 0;
}
