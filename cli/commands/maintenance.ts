import { Argument } from "commander";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

export const maintenanceCommand: CommandBuilder = (line) =>
  stackCommand(
    "maintenance",
    "begin or end the maintenance of a node: it has no VIP then, even after a reboot",
  )
    .argument("<node>", "the node's name")
    .addArgument(new Argument("<on|off>").choices(["on", "off"]))
    .action(async (node: string, word: string, { stack }: { stack: string }) => {
      const { maintenance } = await import("../actions/maintenance.js");
      await onNodes(line, stack, ({ known }) => maintenance(known, { node, on: word === "on" }));
    });
