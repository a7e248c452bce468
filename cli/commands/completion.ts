import { Argument } from "commander";
import { ownName } from "../../local/called";
import type { Shell } from "../completion";
import { type CommandBuilder, command } from "./command";

const use = `
In the shell, or in the file that it reads when it starts:
  source <(./ha-rancher completion bash)     the same for zsh
  ./ha-rancher completion fish | source
It completes ./ha-rancher, and ha-rancher where a link to it is on PATH.`;

export const completionCommand: CommandBuilder = () =>
  command("completion", "print what makes a shell complete the commands, options, stacks and nodes")
    .addArgument(new Argument("<shell>", "which one").choices(["bash", "zsh", "fish"]))
    .configureHelp({ commandUsage: (shown) => `${ownName()} ${shown.name()} ${shown.usage()}` })
    .addHelpText("after", use)
    .action(async (shell: Shell) => (await import("../completion/index.js")).printCompletion(shell));
