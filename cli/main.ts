import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { Failure, shownError } from "../local/errors";
import type { DrillOptions } from "./actions/drill";
import type { NewStackOptions } from "./actions/new-stack";

/** `--stack` wins over the stack that the lab's shell has selected. */
const defaultStack = (): string => process.env.PULUMI_STACK || "dev";

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError("It must be a number from 1 to 65535.");
}

function whole(text: string): number {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= 1) return number;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** The command line. Each command loads its own code when it runs: `status` needs not what `up` needs. */
export function commandLine(): Command {
  const program = new Command("ha-rancher")
    .description("A highly available Rancher behind a floating IP")
    .exitOverride()
    .showHelpAfterError()
    .enablePositionalOptions();
  const onStack = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option("-s, --stack <name>", "the stack, whose settings are in Pulumi.<name>.yaml", defaultStack())
      .exitOverride();

  onStack("up", "make the stack and all that it needs, or bring it to what its settings say").action(
    async (options: { stack: string }) => (await import("./actions/up.js")).up(options),
  );
  onStack("down", "remove the stack and all that it made; stop the lab if no other stack uses it")
    .option("--lab", "remove the lab with its caches, too")
    .option("--purge-data", "remove the shared data, too, whatever `keepData` says")
    .action(async (options: { stack: string; lab?: boolean; purgeData?: boolean }) =>
      (await import("./actions/down.js")).down(options),
    );
  onStack(
    "status",
    "show who holds the VIP and runs Rancher, measured now; exit code 0 if all is well, 1 if not",
  )
    .option("--json", "for programs")
    .option("-w, --watch", "look again every second, until Ctrl-C")
    .action(async (options: { stack: string; json?: boolean; watch?: boolean }) => {
      process.exitCode = await (await import("./actions/status.js")).status(options);
    });
  onStack(
    "doctor",
    "look whether this machine can run the stack, and what dead ones left; exit code 1 if not",
  )
    .option("--json", "for programs")
    .option("--fix", "mend what can be mended without harm to anybody")
    .action(async (options: { stack: string; json?: boolean; fix?: boolean }) => {
      process.exitCode = await (await import("./doctor/index.js")).doctor(options);
    });
  onStack("switchover", "move the VIP to another node, in order")
    .argument("[node]", "where to; default: whom keepalived prefers")
    .action(async (node: string | undefined, options: { stack: string }) => {
      process.exitCode = await (await import("./actions/switchover.js")).switchover({ ...options, node });
    });
  onStack("maintenance", "tell a node to hold no VIP, also after a boot, or end that")
    .argument("<node>", "the node's name")
    .addArgument(new Argument("<on|off>").choices(["on", "off"]))
    .action(async (node: string, word: string, options: { stack: string }) => {
      const { maintenance } = await import("./actions/maintenance.js");
      process.exitCode = await maintenance({ ...options, node, on: word === "on" });
    });
  onStack("backup", "make a backup of Rancher's data, for which the service stops for a moment")
    .option("--to <path>", "a file to write, or a folder; default: a folder of the stack's own")
    .action(async (options: { stack: string; to?: string }) => {
      process.exitCode = await (await import("./actions/backup.js")).backup(options);
    });
  onStack("restore", "bring the data of a backup back, in place of what is there")
    .argument("<file>", "what `backup` wrote")
    .action(async (file: string, options: { stack: string }) => {
      process.exitCode = await (await import("./actions/restore.js")).restore({ ...options, file });
    });
  onStack("shell", "run a shell, or a command, where the machines can be reached, with pulumi set up")
    .argument("[command...]", "what to run; default: your shell")
    .passThroughOptions()
    .action(async (command: string[], options: { stack: string }) => {
      process.exitCode = await (await import("./actions/shell.js")).shell({ ...options, command });
    });
  onStack("forward", "make Rancher reachable at https://localhost:PORT, until Ctrl-C")
    .option("-p, --port <number>", "the port on this machine", port, 8443)
    .action(async (options: { stack: string; port: number }) =>
      (await import("./actions/forward.js")).forward(options),
    );
  const collect = (value: string, before: string[] = []): string[] => [...before, value];
  onStack("drill", "break a stack that is up, measure what that costs, and write a report")
    .option("-f, --fault <name>", "only this one; may be given more than once", collect)
    .option("--quick", "only the few faults that say most")
    .option("-n, --trials <number>", "of each fault", whole, 3)
    .option("--nemesis <minutes>", "faults at random for so long; alone, or after those of --fault", whole)
    .option("--seed <number>", "draws the same order again", whole)
    .option("-r, --report <folder>", "where the report goes")
    .option("--continue", "go on from what --report has: its trials count, and what is missing is done")
    .option("--json", "print the report for programs, too")
    .option(
      "--yes-break <host>",
      "a host that may be reset, which may need hands; may be given more than once",
      collect,
    )
    .option("--compare <files...>", "two reports (report.json): what got better or worse; breaks nothing")
    .action(async (options: DrillOptions) => {
      process.exitCode = await (await import("./actions/drill.js")).drillStack(options);
    });
  program
    .command("new-stack")
    .description("ask for what a new stack needs, check it, and write its file")
    .argument("[name]", "the stack's name; without a terminal it must be given, and what follows from it")
    .addOption(
      new Option("--kind <kind>", "what its nodes are; default: machines").choices(["machines", "hosts"]),
    )
    .option("--vip <address/prefix>", "the floating IP; default: one that no stack here has")
    .option("--node <name=address>", "a node; give it twice or more", collect)
    .option("--hypervisor <name>", "of machines: auto, lab, virtualbox or libvirt")
    .option("--box <name>", "of machines: a Vagrant box")
    .option("--user <name>", "of hosts: the user to log in as")
    .option("--key-file <file>", "of hosts: the private key on this machine")
    .exitOverride()
    .action(async (stack: string | undefined, options: Omit<NewStackOptions, "stack">) =>
      (await import("./actions/new-stack.js")).newStack({ ...options, stack }),
    );
  program
    .command("schema")
    .description("write what editors and Pulumi are told of the settings, after a change in settings/")
    .exitOverride()
    .action(async () => (await import("./actions/schema.js")).writeSchema());
  program
    .command("test")
    .description("run the tests: all layers, or the named ones")
    .argument("[layers...]", "such as unit or lab")
    .exitOverride()
    .action(async (layers: string[]) => {
      process.exitCode = await (await import("./test/index.js")).test(layers);
    });
  program
    .command("bench")
    .description("measure, each against a baseline of the same run")
    .argument("<name>", "such as machines or takeover")
    .argument("[args...]", "its own, such as --json")
    .allowUnknownOption()
    .exitOverride()
    .action(async (name: string, args: string[]) => (await import("./actions/bench.js")).bench(name, args));
  return program;
}

/** Runs a command; sets the process's exit code: 0, 1 if it failed, 2 if it was called wrongly. */
export async function main(argv: string[]): Promise<void> {
  try {
    await commandLine().parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it already. Its code is 0 for --help.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`ha-rancher: ${shownError(error)}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : 1;
  }
}
