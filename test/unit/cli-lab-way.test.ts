import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { programOf } from "../../cli/main";
import type { CommandLine } from "../../cli/on-nodes";
import type { LabDescription } from "../../lab";
import { ownHome } from "./cli-support";

const lab = { name: "lab" } as LabDescription;

/** A command line of a stack whose nodes are in a lab that this process is not in. */
function lineInLab(argv: string[]): { line: CommandLine; asked: string[]; ran: (readonly string[])[] } {
  const asked: string[] = [];
  const ran: (readonly string[])[] = [];
  const line: CommandLine = {
    argv,
    placeOf: async (stack) => {
      asked.push(stack);
      return { kind: "lab", lab };
    },
    againInside: async (where, words) => {
      assert.equal(where, lab);
      ran.push(words);
      return 7;
    },
  };
  return { line, asked, ran };
}

/** Values that the options and arguments take which do not take any text. */
const fitting: Record<string, string> = {
  trials: "3",
  random: "2",
  seed: "9",
  within: "5",
  fault: "power-off",
  only: "docker",
  reboot: "all",
  writes: "postgres://postgres@192.168.56.10/postgres",
  "on|off": "on",
};

/** Every option and argument that a command has, as a user may give them. */
function everything(command: Command): string[] {
  const options = command.options
    // These need no nodes: they read files.
    .filter(({ long }) => !["--compare", "--rewrite"].includes(long ?? ""))
    .flatMap((option) => {
      const name = option.name();
      const value = option.required ? [fitting[name] ?? `a ${name}`] : [];
      return [option.long ?? "", ...value];
    });
  const words = command.registeredArguments.flatMap((argument) => {
    const value = fitting[argument.name()] ?? `some ${argument.name()}`;
    return argument.variadic ? [value, "--stack", "-x", "--", "--json"] : [value];
  });
  return [command.name(), ...options, ...words];
}

const onNodes = [
  ...["backup", "drill", "maintenance", "patch", "power-off", "power-on"],
  ...["restore", "ssh", "status", "switchover", "upgrade"],
];

test("a command that needs nodes in the lab runs there again with all its words unchanged", async (t) => {
  const before = process.exitCode;
  t.after(() => {
    process.exitCode = before;
  });
  const commands = programOf(lineInLab([]).line).commands.filter((each) => onNodes.includes(each.name()));
  assert.equal(commands.length, onNodes.length);
  for (const command of commands) {
    const argv = everything(command);
    const { line, asked, ran } = lineInLab(argv);
    await programOf(line).parseAsync(argv, { from: "user" });
    assert.deepEqual(asked, ["a stack"], argv.join(" "));
    assert.deepEqual(ran, [argv]);
    assert.equal(process.exitCode, 7, "its exit code is passed on");
  }
});

test("logs of nodes in the lab are read there", async (t) => {
  const before = process.exitCode;
  t.after(() => {
    process.exitCode = before;
  });
  const argv = ["logs", "--stack", "a stack", "-f", "--since", "2h", "one", "two"];
  const { line, asked, ran } = lineInLab(argv);
  await programOf(line).parseAsync(argv, { from: "user" });
  assert.deepEqual(asked, ["a stack"]);
  assert.deepEqual(ran, [argv]);
});

test("a stack whose nodes nobody can reach is said, with the way out", async (t) => {
  ownHome(t);
  const before = process.exitCode;
  t.after(() => {
    process.exitCode = before;
  });
  const argv = ["switchover", "--stack", "dev"];
  const line = {
    ...lineInLab(argv).line,
    placeOf: async () => ({ kind: "nowhere", state: "not-up" }) as const,
  };
  await assert.rejects(
    programOf(line).parseAsync(argv, { from: "user" }),
    /the stack `dev` is not up: `npm run up` makes it/,
  );
  const missing = ["switchover", "--stack", "no-such"];
  await assert.rejects(
    programOf({ ...line, argv: missing }).parseAsync(missing, { from: "user" }),
    /there is no Pulumi\.no-such\.yaml/,
  );
});
