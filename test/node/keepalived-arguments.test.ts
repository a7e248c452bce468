import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { packageRoot } from "../../local/root";

describe("what keepalived is started with", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "arguments-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const conf = (content: string): void => writeFileSync(join(folder, "conf"), content);
  const good = (): string => join(folder, "lib", "keepalived.conf");

  function run(what: string, environment: Record<string, string> = {}): string {
    const env = {
      ...process.env,
      ...{ KEEPALIVED_RUN: folder, KEEPALIVED_CONF: join(folder, "conf"), KEEPALIVED_GOOD: good() },
      ...environment,
    };
    const { status, stderr } = spawnSync(join(packageRoot, "node", "keepalived", "arguments"), [what], {
      ...{ env, encoding: "utf8" },
    });
    assert.equal(status, 0, stderr);
    return stderr;
  }

  /** The arguments of the next start, as systemd hands them to the program. */
  function start(own = ""): string {
    run("start", own ? { DAEMON_ARGS: own, KEEPALIVED_OPTIONS: own } : {});
    const lines = readFileSync(join(folder, "keepalived.env"), "utf8").trim().split("\n");
    const values = lines.map((line) => /^(\w+)="(.*)"$/.exec(line)?.slice(1) ?? assert.fail(line));
    assert.deepEqual(
      values.map(([name]) => name),
      ["DAEMON_ARGS", "KEEPALIVED_OPTIONS"],
    );
    assert.equal(values[0]?.[1], values[1]?.[1]);
    return (values[0]?.[1] ?? "").trim();
  }

  /** It started with these arguments, and ended so. */
  const started = (args: string): string => run("started", { DAEMON_ARGS: args });
  const ended = (status: string, args = "", code = "exited"): string =>
    run("stopped", { DAEMON_ARGS: args, EXIT_CODE: code, EXIT_STATUS: status });

  test("nothing of ours at a boot, and after a crash that it is not a boot", () => {
    conf("good");
    assert.equal(start("-D -x"), "-D -x");
    started("");
    ended("KILL", "", "killed");
    assert.equal(start("-D -x"), "-D -x --config-id=again");
  });

  test("the node's own arguments stay, whatever is in them", () => {
    conf("good");
    assert.equal(start('-D "a b" $X \\'), '-D \\"a b\\" \\$X \\\\');
  });

  test("the last file that it could use, while it refuses the present one", () => {
    conf("good");
    start();
    started("");
    conf("nonsense");
    ended("2");
    const args = start();
    assert.equal(args, `--config-id=again --use-file=${good()}`);
    assert.match(run("start"), /cannot use .*conf, and goes on .* mend it, and reload keepalived/);
    assert.equal(readFileSync(good(), "utf8"), "good");
    started(args);
    assert.equal(readFileSync(good(), "utf8"), "good", "what it does not use is not the last one");
    // 2.1 has another code.
    ended("3", "");
    assert.equal(start(), args);
    conf("mended");
    assert.equal(start(), "--config-id=again");
  });

  test("a file that is mended is the last one before a reload: it is what a reload reads", () => {
    conf("good");
    started("");
    conf("mended");
    run("usable");
    assert.equal(readFileSync(good(), "utf8"), "mended");
  });

  test("also where somebody removed the file", () => {
    conf("good");
    started("");
    rmSync(join(folder, "conf"));
    assert.equal(start(), `--config-id=again --use-file=${good()}`);
  });

  test("the file itself where there is no other one, slowly", () => {
    conf("nonsense");
    start();
    ended("2");
    assert.equal(start(), "");
    // One that was good, and is not any more: of another version, say.
    conf("good");
    started("");
    conf("nonsense");
    ended("2");
    const args = start();
    assert.match(args, /use-file/);
    ended("2", args);
    assert.ok(!existsSync(good()));
    assert.equal(start(), "--config-id=again");
  });

  test("an end by a signal, or in order, says nothing about the file", () => {
    conf("good");
    started("");
    conf("newer");
    for (const [status, code] of [
      ["0", "exited"],
      ["TERM", "killed"],
      ["1", "exited"],
    ] as const)
      ended(status, "", code);
    assert.equal(start(), "--config-id=again");
  });
});
