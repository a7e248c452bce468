import { z } from "zod";
import type { Rig } from "../../drill/rig/rig";
import type { Button, Orders, Outcome } from "../page/orders";
import { maintenanceButton } from "../page/stack-orders";
import type { TryNode } from "./node";

const node = z.string();
const on = z.boolean();

/** What a button of the page asks for. */
const order = z.discriminatedUnion("order", [
  z.strictObject({ order: z.literal("cable"), node, on }),
  z.strictObject({ order: z.literal("service"), node, on }),
  z.strictObject({ order: z.literal("keepalived"), node }),
  z.strictObject({ order: z.literal("maintenance"), node, on }),
  z.strictObject({ order: z.literal("mend") }),
]);

type Asked = z.infer<typeof order>;

function buttonsOf({ name, isCut, serves }: TryNode): Button[] {
  const button = (what: string, label: string, order: object): Button => ({
    ...{ id: `${what}-${name}`, label, name: `${label}: ${name}` },
    order: { order: what, node: name, ...order },
  });
  return [
    button("cable", isCut ? "Plug the cable in" : "Cut the cable", { on: isCut }),
    button("keepalived", "Kill keepalived", {}),
    button("service", serves ? "Stop the service" : "Start the service", { on: !serves }),
  ];
}

const mend: Button = { id: "mend", label: "Mend everything", order: { order: "mend" } };

/** Breaks nodes, and mends them. */
export class TryOrders implements Orders {
  constructor(
    private readonly rig: Rig,
    private readonly nodes: readonly TryNode[],
  ) {}

  readonly buttons: Orders["buttons"] = (model) => ({
    all: [mend],
    nodes: Object.fromEntries(
      model.nodes.map((shown) => {
        const own = this.nodes.filter(({ name }) => name === shown.name).flatMap(buttonsOf);
        return [shown.name, [...own, maintenanceButton(shown)]];
      }),
    ),
  });

  readonly read: Orders["read"] = (given) => {
    const { success, data } = order.safeParse(given);
    if (!success) throw new Error("this is no order of the page");
    if (data.order === "mend") return { name: data.order, carry: () => this.mend() };
    const found = this.nodes.find(({ name }) => name === data.node);
    if (!found) throw new Error("there is no such node");
    return {
      name: data.order,
      carry: async () => {
        const text = `${found.name}: ${await this.carry(found, data)}`;
        found.changed();
        return { ok: true, text };
      },
    };
  };

  /** @returns what was done, in words */
  private async carry(found: TryNode, asked: Exclude<Asked, { order: "mend" }>): Promise<string> {
    switch (asked.order) {
      case "cable":
        this.plug(found, asked.on);
        return asked.on ? "its cable is plugged in" : "its cable is cut";
      case "service":
        found.serve(asked.on);
        return asked.on ? "its service is started" : "its service was killed";
      case "keepalived":
        if (!found.rig.runs) return "its keepalived is dead already, and about to be started";
        found.rig.signal("SIGKILL", "both");
        return "its keepalived was killed, and is started again after 0.1 s, as systemd does it on a node";
      case "maintenance":
        await found.maintain(asked.on);
        return asked.on ? "it is in maintenance" : "it may have the VIP again";
    }
  }

  private plug(found: TryNode, isIn: boolean): void {
    this.rig.carrier(found.rig, isIn);
    found.isCut = !isIn;
  }

  private async mend(): Promise<Outcome> {
    for (const each of this.nodes) {
      this.plug(each, true);
      each.serve(true);
      await each.maintain(false);
      each.changed();
    }
    return { ok: true, text: "all cables are plugged in, all services run, and no node is in maintenance" };
  }
}
