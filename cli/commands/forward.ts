import { type CommandBuilder, port, stackCommand, withExamples } from "./command";

export const forwardCommand: CommandBuilder = () =>
  withExamples(
    stackCommand("forward", "make the service reachable at localhost:PORT, until Ctrl-C")
      .option("-p, --port <number>", "the port on this machine", port, 8443)
      .action(async (options: { stack: string; port: number }) =>
        (await import("../actions/forward.js")).forward(options),
      ),
    ["forward", "https://localhost:8443"],
    ["forward --port 9443", "another port"],
  );
