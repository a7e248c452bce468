import type { PowerOnOptions, PowerOptions } from "../actions/power";
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
    workCommand("power-on", "turn a node's machine on, or all that are off")
      .argument("[node]", "the node's name; default: all machines of the stack")
      .action(async (node: string | undefined, options: Omit<PowerOnOptions, "node">) => {
        const { powerOn } = await import("../actions/power.js");
        await onNodes(line, options.stack, (reached) => powerOn(reached, { ...options, node }), {
          work: "power-on",
          wait: options.wait,
        });
      }),
    ["power-on", "whatever is off boots, and is a standby again"],
    ["power-on rancher-1", "one alone"],
  );
