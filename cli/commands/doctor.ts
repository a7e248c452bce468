import { Failure } from "../../local/errors";
import type { DoctorOptions } from "../doctor";
import { type CommandBuilder, stackCommand, withExamples } from "./command";

export const doctorCommand: CommandBuilder = () =>
  withExamples(
    stackCommand(
      "doctor",
      "check whether this machine can run the stack, and find leftovers of removed ones; exit code 1 if there is a fault",
    )
      .option("--json", "for programs")
      .option("--fix", "repair what can be repaired without harm")
      .action(async (options: DoctorOptions) => {
        const { whoWorks } = await import("../pulumi/turn.js");
        const worker = whoWorks(options.stack);
        if (worker !== undefined && options.fix) throw new Failure(`${worker}: repairs come after it`);
        if (worker !== undefined) process.stderr.write(`${worker}\n`);
        process.exitCode = await (await import("../doctor/index.js")).doctor(options);
      }),
    ["doctor", "what this machine lacks"],
    ["doctor --fix", "and repair it where that is without harm"],
  );
