import { Command, CommanderError } from "commander";
import { ownName } from "../local/called";
import { Failure, shownError } from "../local/errors";
import { outliveReaders } from "../local/reader";
import { backupCommand } from "./commands/backup";
import { benchCommand } from "./commands/bench";
import { type CommandBuilder, withExamples } from "./commands/command";
import { completionCommand } from "./commands/completion";
import { doctorCommand } from "./commands/doctor";
import { downCommand } from "./commands/down";
import { drillCommand } from "./commands/drill";
import { failuresCommand } from "./commands/failures";
import { fenceConfirmCommand } from "./commands/fence-confirm";
import { forgetCommand } from "./commands/forget";
import { forwardCommand } from "./commands/forward";
import { historyCommand } from "./commands/history";
import { logsCommand } from "./commands/logs";
import { maintenanceCommand } from "./commands/maintenance";
import { newStackCommand } from "./commands/new-stack";
import { notifyTestCommand } from "./commands/notify-test";
import { openCommand } from "./commands/open";
import {
  allowCommand,
  banCommand,
  pauseCommand,
  preferCommand,
  resumeCommand,
  startCommand,
  stopCommand,
} from "./commands/orders";
import { patchCommand } from "./commands/patch";
import { powerOffCommand, powerOnCommand } from "./commands/power";
import { restoreCommand } from "./commands/restore";
import { rotateCommand } from "./commands/rotate";
import { sbomCommand } from "./commands/sbom";
import { schemaCommand } from "./commands/schema";
import { shellCommand } from "./commands/shell";
import { rollbackCommand, snapshotsCommand } from "./commands/snapshots";
import { sshCommand } from "./commands/ssh";
import { statusCommand } from "./commands/status";
import { switchoverCommand } from "./commands/switchover";
import { testCommand } from "./commands/test";
import { tryCommand } from "./commands/try";
import { upCommand } from "./commands/up";
import { upgradeCommand } from "./commands/upgrade";
import { watchCommand } from "./commands/watch";
import { answerShell, askedByShell } from "./completion";
import { refuseTakenOptions } from "./npm-options";
import { type CommandLine, givenCommandLine } from "./on-nodes";

/** The commands as `--help` shows them: groups with their headings. */
const groups: Readonly<Record<string, readonly CommandBuilder[]>> = {
  "Make and remove:": [upCommand, downCommand, newStackCommand, doctorCommand, tryCommand],
  "Look:": [statusCommand, watchCommand, historyCommand, logsCommand, openCommand],
  "Go there:": [sshCommand, shellCommand, forwardCommand],
  "Operate:": [
    switchoverCommand,
    maintenanceCommand,
    backupCommand,
    restoreCommand,
    upgradeCommand,
    snapshotsCommand,
    rollbackCommand,
    rotateCommand,
    patchCommand,
    forgetCommand,
  ],
  "Tell the agents:": [
    pauseCommand,
    resumeCommand,
    stopCommand,
    startCommand,
    banCommand,
    allowCommand,
    preferCommand,
    failuresCommand,
    notifyTestCommand,
    fenceConfirmCommand,
  ],
  "Break and measure:": [powerOffCommand, powerOnCommand, drillCommand, benchCommand],
  "For this program itself:": [testCommand, schemaCommand, sbomCommand, completionCommand],
};

/** npm has no script for the program as a whole: it is asked for help by its own name. */
const others = (): string =>
  `\nMore of one command: \`${ownName()} COMMAND --help\`. Each is an npm script, too: \`npm run status -- --watch\`.`;

/** The program with all its commands. */
export function programOf(line: CommandLine): Command {
  const program = new Command("ha-rancher")
    .description("A highly available Rancher behind a floating IP")
    .exitOverride()
    .showHelpAfterError(`(\`${ownName()} --help\` lists the commands)`)
    .configureHelp({ commandUsage: (shown) => `${ownName()} ${shown.usage()}` })
    .enablePositionalOptions();
  for (const [heading, builders] of Object.entries(groups))
    for (const build of builders) program.addCommand(build(line).helpGroup(heading));
  return withExamples(
    program,
    ["up", "from nothing to a floating IP that answers"],
    ["status --watch", "who has it, and what happens"],
    ["switchover", "the service goes to the other node"],
  ).addHelpText("after", others);
}

/** Runs a command; sets the process's exit code: 0, 1 if it failed, 2 if it was called wrongly. */
export async function main(argv: string[]): Promise<void> {
  outliveReaders();
  try {
    const program = programOf(givenCommandLine(argv));
    if (argv[0] === askedByShell) return await answerShell(program, argv.slice(1));
    refuseTakenOptions(program, argv);
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed the message already. Its code is 0 for --help.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    // Ctrl-C in any question: all of them come before anything is done.
    if (error instanceof Error && error.name === "ExitPromptError") {
      process.stderr.write("\nha-rancher: stopped; nothing was written\n");
      process.exitCode = 130;
      return;
    }
    process.stderr.write(`ha-rancher: ${shownError(error)}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : 1;
  }
}
