import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../local/root";
import { parsePatched } from "../../stack/patch-plan";

/** A system in place of this machine's: each program notes its call, and does what is said here. */
const system: Record<string, string> = {
  "apt-get": 'for word; do [ ! -e "$HOME/$word.fails" ] || exit 100; done',
  dpkg: '[ ! -e "$HOME/configure.fails" ]',
  "dpkg-query":
    'for name in docker.io containerd linux-image-cloud-amd64; do for asked; do case $name in $asked) echo "ii $name";; esac; done; done; echo "rc docker-ce"',
  systemctl: "exit 1",
  "systemd-run": 'while [ "$1" != "$PATCH" ]; do shift; done; "$@" >>"$HOME/journal" 2>&1',
  journalctl: 'cat "$HOME/journal"',
  find: 'echo vmlinuz-6.1.0-9; [ ! -e "$HOME/newer" ] || echo vmlinuz-6.1.0-18',
  uname: "echo 6.1.0-9",
};
const noted = ["apt-get", "dpkg"];

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
  calls: string[];
}

/** @param is files that are there beforehand, in the folder in which the programs note their calls */
function patch(args: string[], is: string[] = []): Run {
  const home = mkdtempSync(join(tmpdir(), "patch-"));
  try {
    for (const [name, body] of Object.entries(system)) {
      const notes = noted.includes(name)
        ? 'echo "$(basename "$0") $*" | sed "s/ -o [^ ]*//g; s/ --force-conf[a-z]*//g; s/ -[yq]//g" >>"$HOME/calls"\n'
        : "";
      writeFileSync(join(home, name), `#!/bin/sh\n${notes}${body}\n`);
      chmodSync(join(home, name), 0o755);
    }
    for (const name of is) writeFileSync(join(home, name), "");
    const program = join(packageRoot, "node", "host", "patch");
    const env = { ...process.env, PATH: `${home}:${process.env.PATH}`, HOME: home, PATCH: program };
    const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
    const calls = existsSync(join(home, "calls")) ? readFileSync(join(home, "calls"), "utf8") : "";
    return { code: status, stdout, stderr, calls: calls.split("\n").filter(Boolean) };
  } finally {
    rmSync(home, { recursive: true });
  }
}

describe("an upgrade of a node's system", () => {
  test("first ends what an earlier one left half done, and takes all packages", () => {
    const { code, stdout, calls } = patch(["upgrade"]);
    assert.equal(code, 0);
    assert.deepEqual(calls, ["dpkg --configure -a", "apt-get update", "apt-get upgrade --with-new-pkgs"]);
    assert.deepEqual(parsePatched(stdout), { version: "6.1.0-9", kernel: "6.1.0-9", reboot: false });
  });

  test("takes only the packages of what was asked for that are installed", () => {
    const { calls } = patch(["upgrade", "docker", "keepalived"]);
    assert.equal(calls.at(-1), "apt-get install --only-upgrade docker.io containerd");
    assert.equal(
      patch(["upgrade", "kernel"]).calls.at(-1),
      "apt-get install --only-upgrade linux-image-cloud-amd64",
    );
    assert.deepEqual(patch(["upgrade", "keepalived"]).calls, [], "nothing of it is there");
  });

  test("says that a newer kernel needs a boot", () => {
    const { stdout } = patch(["upgrade"], ["newer"]);
    assert.deepEqual(parsePatched(stdout), { version: "6.1.0-9", kernel: "6.1.0-18", reboot: true });
  });

  test("fails with what the package said that could not be configured", () => {
    for (const fails of ["configure.fails", "update.fails", "upgrade.fails"]) {
      const { code, stdout } = patch(["upgrade"], [fails]);
      assert.equal(code, 1, fails);
      assert.equal(stdout, "");
    }
  });

  test("refuses a word that it does not know, before anything is done", () => {
    for (const args of [["upgrade", "openssl"], ["upgrade", "-y"], ["downgrade"], []]) {
      const { code, calls, stderr } = patch(args);
      assert.deepEqual({ code, calls }, { code: 2, calls: [] }, args.join(" "));
      assert.match(stderr, /none of keepalived, docker, kernel|usage: patch/);
    }
  });
});
