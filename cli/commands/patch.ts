import { Option } from "commander";
import { packageWords, rebootWords } from "../../stack/patch-plan";
import type { PatchOptions } from "../actions/patch";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const patchCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("patch", "upgrade the packages of the nodes' systems, one node after the other")
      .addOption(
        new Option("--only <what...>", "these, as far as they are installed; default: all packages").choices(
          packageWords,
        ),
      )
      .addOption(
        new Option("--reboot <whom>", "whose system is started anew where an upgrade needs it")
          .choices(rebootWords)
          .default("machines"),
      )
      .action(
        async ({
          stack,
          wait,
          only = [],
          reboot,
        }: Partial<PatchOptions> & Pick<PatchOptions, "stack" | "reboot"> & { wait?: boolean }) => {
          const { patch } = await import("../actions/patch.js");
          await onNodes(line, stack, (reached) => patch(reached, { stack, only, reboot }), {
            work: "patch",
            wait,
          });
        },
      ),
    ["patch", "all packages; machines are booted where that is needed"],
    ["patch --only keepalived docker", "only these"],
    ["patch --reboot all", "hosts that existed before are booted, too"],
  );
