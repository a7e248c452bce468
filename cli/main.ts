import { Command, CommanderError } from "commander";
import { Failure, shownError } from "../local/errors";
import { backupCommand } from "./commands/backup";
import { benchCommand } from "./commands/bench";
import type { CommandBuilder } from "./commands/command";
import { doctorCommand } from "./commands/doctor";
import { downCommand } from "./commands/down";
import { drillCommand } from "./commands/drill";
import { failuresCommand } from "./commands/failures";
import { fenceConfirmCommand } from "./commands/fence-confirm";
import { forwardCommand } from "./commands/forward";
import { maintenanceCommand } from "./commands/maintenance";
import { newStackCommand } from "./commands/new-stack";
import {
  allowCommand,
  banCommand,
  pauseCommand,
  preferCommand,
  resumeCommand,
  startCommand,
  stopCommand,
} from "./commands/orders";
import { restoreCommand } from "./commands/restore";
import { schemaCommand } from "./commands/schema";
import { shellCommand } from "./commands/shell";
import { sshCommand } from "./commands/ssh";
import { statusCommand } from "./commands/status";
import { switchoverCommand } from "./commands/switchover";
import { testCommand } from "./commands/test";
import { upCommand } from "./commands/up";
import { refuseTakenOptions } from "./npm-options";
import { type CommandLine, givenCommandLine } from "./on-nodes";

/** In the order in which `--help` shows them. */
const builders: readonly CommandBuilder[] = [
  upCommand,
  downCommand,
  statusCommand,
  doctorCommand,
  switchoverCommand,
  maintenanceCommand,
  pauseCommand,
  resumeCommand,
  stopCommand,
  startCommand,
  banCommand,
  allowCommand,
  preferCommand,
  failuresCommand,
  fenceConfirmCommand,
  backupCommand,
  restoreCommand,
  shellCommand,
  sshCommand,
  forwardCommand,
  drillCommand,
  newStackCommand,
  schemaCommand,
  testCommand,
  benchCommand,
];

/** The program with all its commands. */
export function programOf(line: CommandLine): Command {
  const program = new Command("ha-rancher")
    .description("A highly available Rancher behind a floating IP")
    .exitOverride()
    .showHelpAfterError()
    .enablePositionalOptions();
  for (const build of builders) program.addCommand(build(line));
  return program;
}

/** Runs a command; sets the process's exit code: 0, 1 if it failed, 2 if it was called wrongly. */
export async function main(argv: string[]): Promise<void> {
  try {
    const program = programOf(givenCommandLine(argv));
    refuseTakenOptions(program, argv);
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed the message already. Its code is 0 for --help.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`ha-rancher: ${shownError(error)}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : 1;
  }
}
