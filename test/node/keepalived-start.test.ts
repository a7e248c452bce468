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

  function run(program: string, words: string[] = [], environment: Record<string, string> = {}): string {
    const env = {
      ...process.env,
      ...{ KEEPALIVED_RUN: folder, KEEPALIVED_CONF: join(folder, "conf"), KEEPALIVED_GOOD: good() },
      ...{ VIP_FACTS: join(folder, "vip.env"), ...environment },
    };
    const { status, stderr } = spawnSync(join(packageRoot, "node", "keepalived", program), words, {
      ...{ env, encoding: "utf8" },
    });
    assert.equal(status, 0, stderr);
    return stderr;
  }

  /** The arguments of the next start, as systemd hands them to the program; and what was said. */
  function starts(own = ""): { args: string; said: string } {
    const said = run("before-start", [], own ? { DAEMON_ARGS: own, KEEPALIVED_OPTIONS: own } : {});
    const lines = readFileSync(join(folder, "keepalived.env"), "utf8").trim().split("\n");
    const values = lines.map((line) => /^(\w+)="(.*)"$/.exec(line)?.slice(1) ?? assert.fail(line));
    assert.deepEqual(
      values.map(([name]) => name),
      ["DAEMON_ARGS", "KEEPALIVED_OPTIONS"],
    );
    assert.equal(values[0]?.[1], values[1]?.[1]);
    return { args: (values[0]?.[1] ?? "").trim(), said };
  }
  const start = (own = ""): string => starts(own).args;

  /** A start that went well. */
  const well = (args = ""): string => run("last-good", [], { DAEMON_ARGS: args });

  test("nothing of ours at a boot, and after a crash that it is not a boot", () => {
    conf("good");
    assert.equal(start("-D -x"), "-D -x");
    well();
    assert.equal(start("-D -x"), "-D -x --config-id=again");
    well();
    assert.equal(start("-D -x --config-id=again"), "-D -x --config-id=again", "not twice");
  });

  test("the node's own arguments stay, whatever is in them", () => {
    conf("good");
    assert.equal(start('-D "a b" $X \\'), '-D \\"a b\\" \\$X \\\\');
  });

  test("the last file that it could use, while it refuses the present one", () => {
    conf("good");
    start();
    well();
    conf("nonsense");
    assert.equal(start(), "--config-id=again", "nobody knows yet");
    const { args, said } = starts();
    assert.equal(args, `--config-id=again --use-file=${good()}`);
    assert.match(said, /cannot use .*conf, and goes on .* mend it, and reload keepalived/);
    well(args);
    assert.equal(readFileSync(good(), "utf8"), "good", "what it does not use is not the last one");
    assert.equal(start(args), args, "after a crash");
    well(args);
    conf("mended");
    assert.equal(start(args), "--config-id=again");
    well();
    assert.equal(readFileSync(good(), "utf8"), "mended");
  });

  test("a file that is mended is the last one before a reload: it is what a reload reads", () => {
    conf("good");
    well();
    conf("mended");
    run("last-good", ["tested"]);
    assert.equal(readFileSync(good(), "utf8"), "mended");
  });

  test("also where somebody removed the file", () => {
    conf("good");
    well();
    rmSync(join(folder, "conf"));
    assert.equal(start(), `--config-id=again --use-file=${good()}`);
  });

  test("the file itself where there is no other one, slowly", () => {
    conf("nonsense");
    start();
    assert.equal(start(), "");
    // One that was good, and is not any more: of another version, say.
    conf("good");
    well();
    conf("nonsense");
    start();
    const args = start();
    assert.match(args, /use-file/);
    assert.equal(start(args), "--config-id=again");
    assert.ok(!existsSync(good()));
  });

  test("a start that was cut short says nothing about a file that it could use", () => {
    conf("good");
    start();
    well();
    start();
    assert.equal(start(), "--config-id=again");
    well();
    conf("newer");
    start();
    well();
    assert.equal(readFileSync(good(), "utf8"), "newer");
    assert.ok(!existsSync(join(folder, "keepalived-refused")));
  });
});
