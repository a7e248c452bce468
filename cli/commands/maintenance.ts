import { Argument } from "commander";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const maintenanceCommand: CommandBuilder = (line) =>
  stackCommand("maintenance", "tell a node to hold no VIP, also after a boot, or end that")
    .argument("<node>", "the node's name")
    .addArgument(new Argument("<on|off>").choices(["on", "off"]))
    .action(async (node: string, word: string, { stack }: { stack: string }) => {
      const { maintenance } = await import("../actions/maintenance.js");
      await onNodes(line, stack, ({ known }) => maintenance(known, { node, on: word === "on" }));
    });
