import { spawn } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { shownLines } from "../../domain/shown-text";
import { packageRoot } from "../../local/root";
import { checkedReason } from "../../stack/orders";

/** What a button of the page asks for. */
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

/** How an order went. */
export interface Outcome {
  ok: boolean;
  /** What the command said. */
  text: string;
}

/** Carries out a command line. */
export type Carry = (argv: readonly string[]) => Promise<Outcome>;

/** Characters of what a command says that are kept, the last ones. */
const mostSaid = 8_000;

/** Runs this program again. It goes on to its end, also if the page is closed. */
export const carryOut: Carry = (argv) =>
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
