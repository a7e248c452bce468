import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

export const rotateCommand: CommandBuilder = () =>
  withExamples(
    workCommand("rotate", "give a secret a new value: a machine's SSH key, or the passphrase of the state")
      .argument(
        "<secret>",
        "a machine's name, or `passphrase`; of any other secret it says how that is changed",
      )
      .action(async (secret: string, options: Waiting) => {
        const { rotate } = await import("../actions/rotate.js");
        process.exitCode = await rotate(secret, options);
      }),
    ["rotate rancher-1", "a new SSH key for that machine; the former one is refused then"],
    ["rotate passphrase", "the state of all stacks is encrypted anew"],
    ["rotate tls.key", "how that is changed, since it is yours"],
  );
