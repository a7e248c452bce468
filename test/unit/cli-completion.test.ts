import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { candidates } from "../../cli/completion/candidates";
import { programOf } from "../../cli/main";
import { givenCommandLine } from "../../cli/on-nodes";
import { packageRoot } from "../../local/root";
import { onPath } from "../../local/toolchain/path";
import { keys, Session } from "../terminal/session";
import { temporaryFolder } from "./cli-support";

const program = programOf(givenCommandLine([]));

async function words(...line: string[]): Promise<string[] | "files"> {
  const found = await candidates(program, line);
  return found === "files" ? found : found.map(({ word }) => word);
}

test("commands, options, stacks, nodes and choices are completed where each may stand", async () => {
  for (const [line, expected] of [
    [["sw"], ["switchover"]],
    [
      ["ssh", ""],
      ["rancher-1", "rancher-2"],
    ],
    [["ssh", "rancher-1", ""], []],
    [
      ["maintenance", "rancher-1", ""],
      ["on", "off"],
    ],
    [["maintenance", "--stack", "dev", "rancher-1", "of"], ["off"]],
    [["status", "--j"], ["--json"]],
    [["status", "-s", "d"], ["dev"]],
    [["test", "lint", "uni"], ["unit"]],
    [["drill", "--fault", "container-kill"], ["container-kill"]],
    [
      ["new-stack", "--kind", ""],
      ["machines", "hosts"],
    ],
    [["new-stack", "--node", ""], []],
    [["restore", ""], "files"],
    [["rotate", "pass"], ["passphrase"]],
    [
      ["rotate", "rancher-"],
      ["rancher-1", "rancher-2"],
    ],
    [["rotate", "tls"], ["tls.key"]],
    [["backup", "--to", ""], "files"],
    [["completion", "z"], ["zsh"]],
    [["nope", ""], []],
    [["ssh", "--stack", "no/stack", ""], []],
  ] as const)
    assert.deepEqual(await words(...line), expected, line.join(" "));
  assert.ok((await words("")).includes("up"));
  assert.equal((await words("")).includes("__complete"), false);
});

test("every node, stack and file that a command takes is completed", async () => {
  for (const command of program.commands)
    for (const argument of command.registeredArguments)
      if (/^(node|file|layers)/.test(argument.name())) {
        const found = await words(command.name(), "");
        assert.ok(found === "files" || found.length > 0, command.name());
      }
});

/** What bash shows for a line that ends where the cursor is. */
function inBash(folder: string, call: string, line: string): string[] {
  const script = `
    source ${join(packageRoot, "cli", "completion", "ha-rancher.bash")}
    compopt() { echo "files"; }
    COMP_WORDS=(${line}) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _ha_rancher ${call}
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter(Boolean);
}

test("bash completes, by a link, from another folder; with a blank word at the end, and files", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "bin"));
  const link = join(folder, "bin", "ha-rancher");
  symlinkSync(join(packageRoot, "ha-rancher"), link);
  assert.deepEqual(inBash(folder, link, "ha-rancher swi"), ["switchover"]);
  assert.deepEqual(inBash(folder, link, `ha-rancher ssh ""`), ["rancher-1", "rancher-2"]);
  assert.deepEqual(inBash(folder, link, `ha-rancher restore ""`), ["files"]);
});

/** How each shell is started without the user's files, and what makes it complete. */
const shells = {
  bash: [["bash", "--norc", "-i"], "source <(ha-rancher completion bash)"],
  zsh: [["zsh", "-f", "-i"], "source <(ha-rancher completion zsh)"],
  fish: [["fish", "--no-config", "-i"], "ha-rancher completion fish | source"],
} as const;

for (const [shell, [argv, source]] of Object.entries(shells))
  test(`${shell} itself, at a terminal, completes what is typed`, { skip: !onPath(shell) }, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "bin"));
    symlinkSync(join(packageRoot, "ha-rancher"), join(folder, "bin", "ha-rancher"));
    const env = {
      HOME: folder,
      TMPDIR: folder,
      ZDOTDIR: folder,
      PATH: `${join(folder, "bin")}:${process.env.PATH}`,
      PS1: "> ",
    };
    const session = new Session([...argv], { env, cwd: folder });
    t.after(() => session.close());
    session.type(`${source}; echo rea''dy\r`);
    await session.until(/^ready/m);
    for (const [typed, completed] of [
      ["ha-rancher swi", /ha-rancher switchover/],
      ["ha-rancher maintenance ran", /ha-rancher maintenance rancher-/],
      ["ha-rancher status --wa", /ha-rancher status --watch/],
      ["ha-rancher up --stack de", /ha-rancher up --stack dev/],
    ] as const) {
      session.type(`${typed}${keys.tab}`);
      await session.until(completed);
      session.type(keys.clearLine);
    }
    session.type("exit\r");
    await session.end();
  });

test("a command by its link, from any folder, is the same; what is nearly one is named", (t) => {
  const folder = temporaryFolder(t);
  const link = join(folder, "ha-rancher");
  symlinkSync(join(packageRoot, "ha-rancher"), link);
  const { stdout, status } = spawnSync(link, ["--help"], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /^Make and remove:\n +up /m);
  assert.match(stdout, /^Operate:\n +switchover /m);
  const wrong = spawnSync(link, ["staus"], { cwd: folder, encoding: "utf8" });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /unknown command 'staus'\n\(Did you mean status\?\)/);
});

test("each command's help begins and ends with calls as they are made: by npm, or by the program", (t) => {
  t.after(() => delete process.env.HA_RANCHER_CALLED_AS);
  for (const command of program.commands) {
    if (["schema", "sbom", "completion"].includes(command.name())) continue;
    for (const [as, separator] of [
      ["npm run", "-- "],
      ["./ha-rancher", ""],
    ] as const) {
      process.env.HA_RANCHER_CALLED_AS = as;
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      assert.ok(help.startsWith(`Usage: ${as} ${command.name()} ${separator}[options]`), help);
      assert.ok(help.includes(`\nExamples:\n  ${as} ${command.name()}`), help);
    }
  }
});
