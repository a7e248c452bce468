import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { holdersWhen, onNode } from "../../stack/operate";
import { nodeNamed, whyNotReady } from "../../stack/switchover-plan";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface MaintenanceOptions {
  node: string;
  on: boolean;
}

/**
 * Begins or ends the maintenance of a node. In maintenance a node has no VIP, even after a reboot.
 *
 * @returns 0
 * @throws Failure if no other node could take the VIP
 */
export async function maintenance(known: KnownStack, { node, on }: MaintenanceOptions): Promise<number> {
  const word = on ? "on" : "off";
  const reports = await askNodes(known.nodes);
  const report = nodeNamed(reports, node);
  const holds = report.status?.holdsVip === true;
  const others = reports.filter((each) => each !== report);
  const rests = report.status?.keepalived?.maintenance === true;
  // This also applies to a node without the VIP: a moment later it may be the only one that could have it.
  if (on && !rests && !others.some((each) => each.status?.holdsVip || !whyNotReady(each)))
    throw new Failure(
      `${holds ? `${node} has the VIP, and no other node can take it` : `without ${node} no node could take the VIP`}: ${others.map(whyNotReady).join("; ")}`,
    );
  await onNode(known, node, "maintenance", [word]);
  if (!on) {
    say(`${node} may hold the VIP again`);
    return 0;
  }
  const moved = await holdersWhen(
    known,
    (holders) => !holders.includes(node) && (!holds || holders.length > 0),
    `${node} is in maintenance, but the VIP did not move`,
  );
  const where = moved.holders.length ? `; ${moved.holders.join(" and ")} has the VIP` : "";
  say(`${node} holds no VIP until \`${callOf("maintenance", node, "off")}\`${where}`);
  return 0;
}
