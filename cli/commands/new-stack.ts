import { Option } from "commander";
import type { NewStackOptions } from "../actions/new-stack";
import { type CommandBuilder, collect, command, port, withExamples } from "./command";

export const newStackCommand: CommandBuilder = () =>
  withExamples(
    command("new-stack", "ask for the settings of a new stack, check them, and write its file")
      .argument("[name]", "the stack's name; required without a terminal, like the options")
      .option(
        "--workload <name>",
        "rancher, the default, address for a floating IP alone, or an example: postgres, redis ...",
      )
      .addOption(
        new Option("--kind <kind>", "kind of its nodes; default: machines").choices(["machines", "hosts"]),
      )
      .option("--port <port>", "with address: what must answer on a node for it to have the VIP", port)
      .option("--vip <address/prefix>", "the floating IP; default: one that no stack here has")
      .option("--node <name=address>", "a node; give it twice or more", collect)
      .option("--hypervisor <name>", "for machines: auto, lab, virtualbox or libvirt")
      .option("--box <name>", "for machines: a Vagrant box")
      .option("--user <name>", "for hosts: the user to log in as")
      .option("--key-file <file>", "for hosts: the file of the private key on this machine")
      .action(async (stack: string | undefined, options: Omit<NewStackOptions, "stack">) =>
        (await import("../actions/new-stack.js")).newStack({ ...options, stack }),
      ),
    ["new-stack", "asks"],
    ["new-stack db --workload postgres", "a database in Rancher's place"],
    ["new-stack second", "addresses that no other stack here has"],
    [
      "new-stack office --kind hosts --vip 10.1.0.10/24 --node left=10.1.0.11 --node right=10.1.0.12 --user admin --key-file ~/.ssh/id_ed25519",
      "hosts",
    ],
    ["new-stack web --workload address --port 80", "a floating IP alone, for what runs on the nodes"],
  );
