import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { packageRoot } from "../../local/root";

describe("what keepalived is started with", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start-"));
    const keepalived = join(folder, "keepalived");
    // Refuses what is nonsense, and is killed by what its test has a defect for.
    writeFileSync(
      keepalived,
      '#!/bin/sh\necho >>"$(dirname "$0")/tests"\n[ "$1" = --config-test ] && case $(cat "$3") in nonsense) exit 4 ;; defect) kill -SEGV $$ ;; esac\n',
    );
    chmodSync(keepalived, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const conf = (content: string): void => writeFileSync(join(folder, "conf"), content);
  const copy = (): string => join(folder, "lib", "keepalived.conf");
  const copied = (): string | undefined => (existsSync(copy()) ? readFileSync(copy(), "utf8") : undefined);

  function run(
    program: string,
    environment: Record<string, string> = {},
    ...args: string[]
  ): { code: number | null; said: string } {
    const env = {
      ...process.env,
      ...{ KEEPALIVED_RUN: folder, KEEPALIVED_CONF: join(folder, "conf"), KEEPALIVED_COPY: copy() },
      ...{ VIP_FACTS: join(folder, "vip.env"), PATH: `${folder}:${process.env.PATH}`, ...environment },
    };
    const { status, stderr } = spawnSync(join(packageRoot, "node", "keepalived", program), args, {
      ...{ env, encoding: "utf8" },
    });
    return { code: status, said: stderr };
  }

  /** The arguments of the next start, as systemd hands them to the program; and what was said. */
  function starts(own = ""): { args: string; said: string } {
    const { code, said } = run("before-start", own ? { DAEMON_ARGS: own, KEEPALIVED_OPTIONS: own } : {});
    assert.equal(code, 0, said);
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

  test("a copy of its file, and after a crash that it is no boot", () => {
    conf("good");
    assert.equal(start("-D -x"), `-D -x --use-file=${copy()}`);
    assert.equal(copied(), "good");
    const again = `-D -x --config-id=again --use-file=${copy()}`;
    assert.equal(start(`-D -x --use-file=${copy()}`), again);
    assert.equal(start(again), again, "nothing twice");
    conf("better");
    start();
    assert.equal(copied(), "better");
  });

  test("the node's own arguments stay, whatever is in them", () => {
    conf("good");
    assert.equal(start('-D "a b" $X \\'), `-D \\"a b\\" \\$X \\\\ --use-file=${copy()}`);
  });

  test("the last file that it could use, where it cannot use the present one, or there is none", () => {
    conf("good");
    start();
    conf("nonsense");
    const { args, said } = starts();
    assert.equal(args, `--config-id=again --use-file=${copy()}`);
    assert.match(
      said,
      /cannot use .*conf \(code 4\): mend it, then `systemctl reload keepalived`\n.*goes on with the last one/,
    );
    rmSync(join(folder, "conf"));
    assert.equal(start(), args);
    assert.equal(copied(), "good");
    conf("mended");
    start();
    assert.equal(copied(), "mended");
  });

  test("its file, slowly, where there is no copy", () => {
    conf("nonsense");
    const before = Date.now();
    assert.equal(start(), "");
    assert.ok(Date.now() - before >= 1_000);
    assert.equal(copied(), undefined);
  });

  test("a reload fails with a file that it cannot use, and reads one that it can", () => {
    conf("good");
    assert.equal(run("adopt").code, 0);
    conf("nonsense");
    assert.equal(run("adopt").code, 81);
    assert.equal(copied(), "good");
    assert.ok(!existsSync(`${copy()}.new`));
    conf("mended");
    assert.equal(run("adopt").code, 0);
    assert.equal(copied(), "mended");
  });

  test("a test that is killed is none that passed: what kills it may kill keepalived", () => {
    conf("good");
    assert.equal(run("adopt").code, 0);
    conf("defect");
    const { code, said } = run("adopt");
    assert.equal(code, 81);
    assert.match(said, /cannot use .*conf \(code 139\)/);
    assert.equal(copied(), "good");
  });

  test("a file that is to take its place is tested once, and the reload finds nothing new", () => {
    const candidate = join(folder, "candidate");
    conf("good");
    assert.equal(run("adopt").code, 0);
    writeFileSync(candidate, "nonsense");
    const refused = run("adopt", {}, candidate);
    assert.deepEqual([refused.code, copied()], [81, "good"]);
    assert.match(refused.said, /^keepalived refuses the file \(code 4\)$/m);
    writeFileSync(candidate, "better");
    assert.equal(run("adopt", {}, candidate).code, 0);
    assert.equal(copied(), "better");
    conf("better");
    rmSync(join(folder, "tests"));
    assert.equal(run("adopt").code, 0);
    assert.ok(!existsSync(join(folder, "tests")));
  });

  test("one that was tested and never took its place is forgotten", () => {
    conf("good");
    const candidate = join(folder, "candidate");
    writeFileSync(candidate, "better");
    assert.equal(run("adopt", {}, candidate).code, 0);
    start();
    assert.equal(copied(), "good");
  });

  test("the firewall's rules, before the first start of a boot alone", () => {
    conf("good");
    writeFileSync(join(folder, "vip.env"), "PEERS='192.0.2.12'\nHEARD='1'\n");
    const nft = join(folder, "nft");
    writeFileSync(nft, `#!/bin/sh\n[ "$1" != -f ] || { cat >/dev/null; echo >>${folder}/opened; }\n`);
    chmodSync(nft, 0o755);
    start();
    start();
    assert.equal(readFileSync(join(folder, "opened"), "utf8"), "\n");
    const unit = readFileSync(join(packageRoot, "node", "keepalived", "drop-in.conf"), "utf8");
    assert.doesNotMatch(unit, /firewall/);
  });
});
