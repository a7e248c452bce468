import type { OpenOptions } from "../actions/open";
import { type CommandBuilder, port, stackCommand, withExamples } from "./command";

export const openCommand: CommandBuilder = () =>
  withExamples(
    stackCommand("open", "open the service in a browser; says where it is, and how to log in")
      .option("-p, --port <number>", "the port on this machine that leads to the lab", port, 8443)
      .option("--no-browser", "only say where")
      .action(async (options: OpenOptions) => (await import("../actions/open.js")).open(options)),
    ["open", "until Ctrl-C, where the service is in the lab"],
    ["open --no-browser", "on a machine that you are logged in to: the address to forward"],
  );
