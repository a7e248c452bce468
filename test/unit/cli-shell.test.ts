import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { placeName, promptingShell } from "../../cli/shell/prompt";
import { onPath } from "../../local/toolchain/path";
import { Session } from "../terminal/session";
import { put, temporaryFolder } from "./cli-support";

test("the prompt says where one is", () => {
  assert.equal(placeName("dev", true), "lab:dev");
  assert.equal(placeName("office", false), "office");
  for (const shell of ["/bin/bash", "/usr/bin/zsh", "/usr/bin/fish", "/bin/sh"])
    assert.equal(promptingShell(shell, "lab:dev").environment.HA_RANCHER_SHELL, "lab:dev", shell);
  const zsh = promptingShell("/usr/bin/zsh", "x", { ZDOTDIR: "/home/ann/zsh" }).environment;
  assert.equal(zsh.HA_RANCHER_ZDOTDIR, "/home/ann/zsh");
});

/** A shell of the user's at a terminal, with files of their own. */
async function inShell(
  t: TestContext,
  shell: string,
  [file, text]: [name: string, text: string],
  prompt: RegExp,
): Promise<string> {
  const home = temporaryFolder(t);
  put(join(home, file), text);
  const { argv, environment } = promptingShell(shell, "lab:dev", {});
  const env = { HOME: home, TMPDIR: home, ZDOTDIR: undefined, XDG_CONFIG_HOME: undefined, ...environment };
  const session = new Session(argv, { env });
  await session.until(prompt);
  session.type("greet; exit 3\r");
  const { code, text: shown } = await session.end();
  assert.equal(code, 3, shown);
  return shown;
}

test("bash keeps what the user's own file says, and shows where it is", async (t) => {
  const file: [string, string] = [".bashrc", "PS1='mine> '\nalias greet='echo hello'\n"];
  assert.match(await inShell(t, "bash", file, /^\(lab:dev\) mine> $/m), /^hello\nexit/m);
});

test("so does zsh", { skip: !onPath("zsh") }, async (t) => {
  const file: [string, string] = [".zshrc", "PROMPT='mine> '\nalias greet='echo hello'\n"];
  assert.match(await inShell(t, "zsh", file, /^\(lab:dev\) mine>/m), /^hello$/m);
});

test("and so does fish", { skip: !onPath("fish") }, async (t) => {
  const text = "function fish_prompt; echo -n 'mine> '; end\nfunction greet; echo hello; end\n";
  const shown = await inShell(t, "fish", [".config/fish/config.fish", text], /\(lab:dev\) mine>/);
  assert.match(shown, /^hello$/m);
});

test("a plain shell of POSIX does, too", async (t) => {
  const own = put(join(temporaryFolder(t), "own.sh"), "PS1='mine> '\n");
  for (const [user, prompt] of [
    [{ ENV: own }, /^\(lab:dev\) mine> ?$/m],
    [{}, /^\(lab:dev\) [$#] ?$/m],
  ] as const) {
    const { argv, environment } = promptingShell("sh", "lab:dev", user);
    const session = new Session(argv, { env: environment });
    await session.until(prompt);
    session.type("exit 4\r");
    assert.equal((await session.end()).code, 4);
  }
});
