import { spawn } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { shownLines } from "../../domain/shown-text";
import { packageRoot } from "../../local/root";
import { checkedReason } from "../../stack/orders";
import type { PageModel } from "./model";
import type { Button, Orders, Outcome } from "./orders";

/** What a button of a stack's page asks for. */
const order = z.discriminatedUnion("order", [
  z.strictObject({ order: z.literal("switchover") }),
  z.strictObject({ order: z.literal("maintenance"), node: z.string(), on: z.boolean() }),
  z.strictObject({ order: z.literal("pause"), reason: z.string() }),
  z.strictObject({ order: z.literal("resume") }),
]);

/**
 * The command line of a button: the page does nothing that a command does not.
 *
 * @param nodes names of the stack's nodes
 * @throws if it is none
 */
export function commandOf(given: unknown, stack: string, nodes: readonly string[]): string[] {
  const { success, data } = order.safeParse(given);
  if (!success) throw new Error("this is no order of the page");
  const on = (words: string[]): string[] => [data.order, "--stack", stack, "--", ...words];
  switch (data.order) {
    case "switchover":
    case "resume":
      return on([]);
    case "pause":
      return on([checkedReason(data.reason)]);
    case "maintenance":
      if (!nodes.includes(data.node)) throw new Error("this is no node of the stack");
      return on([data.node, data.on ? "on" : "off"]);
  }
}

const switchover: Button = {
  ...{ id: "switchover", label: "Switchover", order: { order: "switchover" } },
  sure: {
    title: "Switchover?",
    text: "The service ends in order where it runs, and starts on another node. Clients wait meanwhile.",
    yes: "Move the service",
  },
};

const pause = (paused: string | undefined): Button =>
  paused === undefined
    ? {
        ...{ id: "pause", label: "Pause all agents", order: { order: "pause" } },
        sure: {
          title: "Pause all agents?",
          text: "All agents look on and touch nothing, and nobody takes over, until this is ended.",
          ...{ yes: "Pause", needsReason: true },
        },
      }
    : {
        ...{ id: "pause", label: "Resume all agents", order: { order: "resume" } },
        sure: { title: "Let all agents act again?", text: `They are paused: ${paused}`, yes: "Resume" },
      };

/** The button that begins or ends a node's maintenance. */
export function maintenanceButton({ name, isInMaintenance }: PageModel["nodes"][number]): Button {
  const label = isInMaintenance ? "End maintenance" : "Maintenance";
  return {
    ...{ id: `maintenance-${name}`, label, name: `${label} of ${name}` },
    order: { order: "maintenance", node: name, on: !isInMaintenance },
    sure: isInMaintenance
      ? { title: `End the maintenance of ${name}?`, text: `${name} may hold the VIP again.`, yes: label }
      : {
          title: `Maintenance of ${name}?`,
          text: `${name} holds no VIP until it is ended, even after a reboot. If it serves, the service moves.`,
          yes: "Begin maintenance",
        },
  };
}

/** Carries out a command line. */
export type Carry = (argv: readonly string[]) => Promise<Outcome>;

/** The orders to a stack: commands of this program. */
export const stackOrders = (stack: string, nodes: readonly string[], carry: Carry = carryOut): Orders => ({
  buttons: (model) => ({
    all: [switchover, pause(model.paused)],
    nodes: Object.fromEntries(model.nodes.map((node) => [node.name, [maintenanceButton(node)]])),
  }),
  read(given) {
    const argv = commandOf(given, stack, nodes);
    return { name: argv[0] as string, carry: () => carry(argv) };
  },
});

/** Characters of what a command says that are kept, the last ones. */
const mostSaid = 8_000;

/** Runs this program again. It goes on to its end, also if the page is closed. */
const carryOut: Carry = (argv) =>
  new Promise((resolve) => {
    const program = join(packageRoot, "cli", "bootstrap.mjs");
    const child = spawn(process.execPath, [program, ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      env: process.env,
    });
    let said = "";
    for (const output of [child.stdout, child.stderr])
      output.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-mostSaid);
      });
    child.on("error", (error) => resolve({ ok: false, text: error.message }));
    child.on("close", (code) => resolve({ ok: code === 0, text: shownLines(said.trim(), mostSaid) }));
  });
