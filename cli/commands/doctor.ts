import type { DoctorOptions } from "../doctor";
import { type CommandBuilder, stackCommand } from "./command";

export const doctorCommand: CommandBuilder = () =>
  stackCommand(
    "doctor",
    "look whether this machine can run the stack, and what dead ones left; exit code 1 if not",
  )
    .option("--json", "for programs")
    .option("--fix", "mend what can be mended without harm to anybody")
    .action(async (options: DoctorOptions) => {
      process.exitCode = await (await import("../doctor/index.js")).doctor(options);
    });
