import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { placeName, promptingShell } from "../../cli/shell/prompt";
import { packageRoot } from "../../local/root";
import { put, temporaryFolder } from "./cli-support";

test("the prompt says where one is", () => {
  assert.equal(placeName("dev", true), "lab:dev");
  assert.equal(placeName("office", false), "office");
  for (const shell of ["/bin/bash", "/usr/bin/zsh", "/usr/bin/fish", "/bin/sh"])
    assert.equal(promptingShell(shell, "lab:dev").environment.HA_RANCHER_SHELL, "lab:dev", shell);
  assert.match(promptingShell("/bin/dash", "lab:dev").environment.PS1 ?? "", /^\(lab:dev\) /);
  const zsh = promptingShell("/usr/bin/zsh", "x", { ZDOTDIR: "/home/ann/zsh" }).environment;
  assert.equal(zsh.HA_RANCHER_ZDOTDIR, "/home/ann/zsh");
});

test("bash keeps what the user's own file says, and shows where it is", (t) => {
  const home = temporaryFolder(t);
  put(join(home, ".bashrc"), "PS1='mine> '\nalias greet='echo hello'\n");
  const { argv, environment } = promptingShell("bash", "lab:dev");
  const words = [
    join(packageRoot, "test", "unit", "at-terminal.py"),
    "(lab:dev) mine>",
    "greet; exit 3\r",
    ...argv,
  ];
  const { stdout, status } = spawnSync("python3", words, {
    env: { ...process.env, HOME: home, ...environment },
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(status, 3, stdout);
  assert.match(stdout, /hello\r\nexit/);
});

test("Ctrl-C in a question writes nothing, and says so", (t) => {
  const home = temporaryFolder(t);
  const main = JSON.stringify(join(packageRoot, "dist", "cli", "main.js"));
  const stack = `ctrl-c-${process.pid}`;
  const program = `require(${main}).main(["new-stack", "${stack}"])`;
  const words = [
    join(packageRoot, "test", "unit", "at-terminal.py"),
    "What are its nodes?",
    "\u0003",
    process.execPath,
    ...["-e", program],
  ];
  const { stdout, status } = spawnSync("python3", words, {
    env: {
      ...process.env,
      HOME: home,
      XDG_DATA_HOME: join(home, "data"),
      XDG_CACHE_HOME: join(home, "cache"),
    },
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(status, 130, stdout);
  assert.match(stdout, /ha-rancher: stopped; nothing was written/);
});
