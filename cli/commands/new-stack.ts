import { Option } from "commander";
import type { NewStackOptions } from "../actions/new-stack";
import { type CommandBuilder, collect, command } from "./command";

export const newStackCommand: CommandBuilder = () =>
  command("new-stack", "ask for what a new stack needs, check it, and write its file")
    .argument("[name]", "the stack's name; without a terminal it must be given, and what follows from it")
    .addOption(
      new Option("--kind <kind>", "what its nodes are; default: machines").choices(["machines", "hosts"]),
    )
    .option("--vip <address/prefix>", "the floating IP; default: one that no stack here has")
    .option("--node <name=address>", "a node; give it twice or more", collect)
    .option("--hypervisor <name>", "of machines: auto, lab, virtualbox or libvirt")
    .option("--box <name>", "of machines: a Vagrant box")
    .option("--user <name>", "of hosts: the user to log in as")
    .option("--key-file <file>", "of hosts: the private key on this machine")
    .action(async (stack: string | undefined, options: Omit<NewStackOptions, "stack">) =>
      (await import("../actions/new-stack.js")).newStack({ ...options, stack }),
    );
