import { onNodes } from "../on-nodes";
import { type CommandBuilder, stackCommand } from "./command";

/** Orders to agents. Each lasts over a boot until it is taken back, and `status` shows it with its reason. */

type Stack = { stack: string };

const words = (reason: string[]): string => reason.join(" ");

export const pauseCommand: CommandBuilder = (line) =>
  stackCommand("pause", "let all agents look on and touch nothing; nobody takes over meanwhile")
    .argument("<reason...>", "shown to everybody who looks")
    .action(async (reason: string[], { stack }: Stack) => {
      const { pause } = await import("../actions/orders.js");
      await onNodes(line, stack, ({ known }) => pause(known, stack, words(reason)));
    });

export const resumeCommand: CommandBuilder = (line) =>
  stackCommand("resume", "end `pause`").action(async ({ stack }: Stack) => {
    const { resume } = await import("../actions/orders.js");
    await onNodes(line, stack, ({ known }) => resume(known, stack));
  });

export const stopCommand: CommandBuilder = (line) =>
  stackCommand("stop", "stop the service in order on all nodes; it runs nowhere until `start`")
    .argument("<reason...>", "shown to everybody who looks")
    .action(async (reason: string[], { stack }: Stack) => {
      const { stop } = await import("../actions/stop-start.js");
      await onNodes(line, stack, ({ known }) => stop(known, stack, words(reason)));
    });

export const startCommand: CommandBuilder = (line) =>
  stackCommand("start", "end `stop`, and wait until the service answers").action(async ({ stack }: Stack) => {
    const { start } = await import("../actions/stop-start.js");
    await onNodes(line, stack, ({ known }) => start(known, stack));
  });

export const banCommand: CommandBuilder = (line) =>
  stackCommand("ban", "let a node not serve; if it does, it hands over first")
    .argument("<node>", "the node's name")
    .argument("<reason...>", "shown to everybody who looks")
    .action(async (node: string, reason: string[], { stack }: Stack) => {
      const { ban } = await import("../actions/orders.js");
      await onNodes(line, stack, ({ known }) => ban(known, { stack, node, reason: words(reason) }));
    });

export const allowCommand: CommandBuilder = (line) =>
  stackCommand("allow", "end `ban`")
    .argument("<node>", "the node's name")
    .action(async (node: string, { stack }: Stack) => {
      const { allow } = await import("../actions/orders.js");
      await onNodes(line, stack, ({ known }) => allow(known, stack, node));
    });

export const preferCommand: CommandBuilder = (line) =>
  stackCommand("prefer", "let a node serve next, if it is fit; nothing moves now")
    .argument("<node>", "the node's name; `none`: no node")
    .action(async (node: string, { stack }: Stack) => {
      const { prefer } = await import("../actions/orders.js");
      await onNodes(line, stack, ({ known }) => prefer(known, stack, node));
    });
