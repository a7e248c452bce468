import { onNodes } from "../on-nodes";
import { type CommandBuilder, type Waiting, withExamples, workCommand } from "./command";

export const upgradeCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand(
      "upgrade",
      "move the service to another version of its image, by all versions that must come between",
    )
      .argument("<version>", "the version, as in the image's tag")
      .action(async (version: string, { stack, wait }: Waiting) => {
        const { upgrade } = await import("../actions/upgrade.js");
        await onNodes(line, stack, ({ known }) => upgrade(known, { stack, wait, version }), {
          work: "upgrade",
          wait,
        });
      }),
    ["upgrade v2.14.3", "from v2.12.3 by v2.13.3; interrupted anywhere, it goes on when it is called again"],
  );
