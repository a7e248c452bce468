import type { PowerOptions } from "../actions/power";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const powerOffCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("power-off", "turn a node's machine off at once, as its power switch would")
      .argument("<node>", "the node's name")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (node: string, options: Omit<PowerOptions, "node">) => {
        const { powerOff } = await import("../actions/power.js");
        await onNodes(line, options.stack, (reached) => powerOff(reached, { ...options, node }), {
          work: "power-off",
          wait: options.wait,
        });
      }),
    ["power-off rancher-1", "asks first; `status --watch` beside it shows the failover"],
  );

export const powerOnCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("power-on", "turn a node's machine on")
      .argument("<node>", "the node's name")
      .action(async (node: string, options: Omit<PowerOptions, "node">) => {
        const { powerOn } = await import("../actions/power.js");
        await onNodes(line, options.stack, (reached) => powerOn(reached, { ...options, node }), {
          work: "power-on",
          wait: options.wait,
        });
      }),
    ["power-on rancher-1", "it boots, and is a standby again"],
  );
