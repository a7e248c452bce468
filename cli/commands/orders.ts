import { onNodes } from "../on-nodes";
import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

/** Orders to agents. Each lasts over a boot until it is taken back, and `status` shows it with its reason. */

const words = (reason: string[]): string => reason.join(" ");

export const pauseCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("pause", "let all agents look on and touch nothing; nobody takes over meanwhile")
      .argument("<reason...>", "shown to everybody who looks")
      .action(async (reason: string[], { stack, wait }: Waiting) => {
        const { pause } = await import("../actions/orders.js");
        await onNodes(line, stack, ({ known }) => pause(known, stack, words(reason)), {
          work: "pause",
          wait,
        });
      }),
    ["pause new switch in the rack", "until `resume`"],
  );

export const resumeCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("resume", "end `pause`").action(async ({ stack, wait }: Waiting) => {
      const { resume } = await import("../actions/orders.js");
      await onNodes(line, stack, ({ known }) => resume(known, stack), { work: "resume", wait });
    }),
    ["resume", "agents act again"],
  );

export const stopCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("stop", "stop the service in order on all nodes; it runs nowhere until `start`")
      .argument("<reason...>", "shown to everybody who looks")
      .action(async (reason: string[], { stack, wait }: Waiting) => {
        const { stop } = await import("../actions/stop-start.js");
        await onNodes(line, stack, ({ known }) => stop(known, stack, words(reason)), { work: "stop", wait });
      }),
    ["stop the NFS server gets a new disk", "in order; until `start`"],
  );

export const startCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("start", "end `stop`, and wait until the service answers").action(
      async ({ stack, wait }: Waiting) => {
        const { start } = await import("../actions/stop-start.js");
        await onNodes(line, stack, ({ known }) => start(known, stack), { work: "start", wait });
      },
    ),
    ["start", "and wait until it answers"],
  );

export const banCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("ban", "let a node not serve; if it does, it hands over first")
      .argument("<node>", "the node's name")
      .argument("<reason...>", "shown to everybody who looks")
      .action(async (node: string, reason: string[], { stack, wait }: Waiting) => {
        const { ban } = await import("../actions/orders.js");
        await onNodes(line, stack, ({ known }) => ban(known, { stack, node, reason: words(reason) }), {
          work: "ban",
          wait,
        });
      }),
    ["ban rancher-2 its disk is failing", "until `allow`"],
  );

export const allowCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("allow", "end `ban`")
      .argument("<node>", "the node's name")
      .action(async (node: string, { stack, wait }: Waiting) => {
        const { allow } = await import("../actions/orders.js");
        await onNodes(line, stack, ({ known }) => allow(known, stack, node), { work: "allow", wait });
      }),
    ["allow rancher-2", "it may serve again"],
  );

export const preferCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("prefer", "let a node serve next, if it is fit; nothing moves now")
      .argument("<node>", "the node's name; `none`: no node")
      .action(async (node: string, { stack, wait }: Waiting) => {
        const { prefer } = await import("../actions/orders.js");
        await onNodes(line, stack, ({ known }) => prefer(known, stack, node), { work: "prefer", wait });
      }),
    ["prefer rancher-1", "at the next failover"],
    ["prefer none", "whichever is fit"],
  );
