import { Argument } from "commander";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

export const maintenanceCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand(
      "maintenance",
      "begin or end the maintenance of a node: it has no VIP then, even after a reboot",
    )
      .argument("<node>", "the node's name")
      .addArgument(new Argument("<on|off>").choices(["on", "off"]))
      .action(async (node: string, word: string, { stack, wait }: Waiting) => {
        const { maintenance } = await import("../actions/maintenance.js");
        await onNodes(line, stack, ({ known }) => maintenance(known, { node, on: word === "on" }), {
          work: "maintenance",
          wait,
        });
      }),
    ["maintenance rancher-1 on", "no VIP there, even after a reboot"],
    ["maintenance rancher-1 off", "as before"],
  );
