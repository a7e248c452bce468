import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { packageRoot } from "../../local/root";

/*
 * A restore that is killed before each of its steps in turn, and what the next owner makes of it: work.bash by itself,
 * without a guard, with the machine's own tar and mv.
 */

let folder: string;
const data = (): string => join(folder, "data");
const restore = (): string => join(data(), ".restore");

/** Runs a command of work.bash as the owner with epoch 1, killed before the step `limit` if there is one. */
function run(command: string, limit = -1) {
  const script = `
    source node/guard/configuration.bash; source node/guard/work.bash
    DATA_DIRECTORY=$1 LEASE_DIRECTORY=$2 EPOCH=1 WORK_ID=the-id WORK_VERB=unpack steps=0
    step() { ((limit < 0 || ++steps <= limit)) || kill -KILL $$; command "$@"; }
    for name in mv rm mkdir chmod tar sync; do eval "$name() { step $name \\"\\$@\\"; }"; done
    limit=$3; eval "$4"`;
  return spawnSync(
    "bash",
    ["--norc", "-uc", script, "bash", data(), join(folder, "lease"), String(limit), command],
    {
      cwd: packageRoot,
      encoding: "utf8",
    },
  );
}

/** What the data holds, but for what is of the place. */
const content = (directory = data()): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => directory !== data() || !/\/\.(restore|snap|ha-rancher-sentinel)/.test(file))
      .map((file) => [file.slice(directory.length + 1), readFileSync(file, "utf8")]),
  );

const fresh = { "k3s/db/wal": "new", ".hidden": "new", "with blank": "new" };
const old = { "k3s/db/wal": "old", "k3s/only-old": "old", "management-state/x": "old" };

function fill(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

describe("a restore, killed anywhere", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "work-"));
    fill(join(folder, "archive"), fresh);
    execFileSync("tar", ["-czf", join(folder, "data.tar.gz"), "-C", join(folder, "archive"), "."]);
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(reset);

  function reset(): void {
    rmSync(data(), { recursive: true, force: true });
    mkdirSync(join(folder, "lease"), { recursive: true });
    writeFileSync(join(folder, "lease", "epoch"), "1\n");
    fill(data(), { ...old, ".ha-rancher-sentinel": "mine", ".snap/3/wal": "copy" });
  }

  /** Kills a command before each of its steps in turn, and lets another one look at each outcome. */
  function killedAnywhere(command: string, prepare: () => void, judge: (limit: number) => void): number {
    for (let limit = 0; ; limit++) {
      reset();
      prepare();
      const { status, signal, stderr } = run(command, limit);
      if (signal === null) {
        assert.equal(status, 0, stderr);
        return limit;
      }
      const { status: next, stdout, stderr: said } = run("finish_restore");
      assert.equal(next, 0, `killed before step ${limit}: ${stdout}${said}`);
      judge(limit);
      assert.equal(readFileSync(join(data(), ".ha-rancher-sentinel"), "utf8"), "mine");
      assert.ok(existsSync(join(data(), ".snap/3/wal")));
    }
  }
  const unpack = `unpack_data "$2/../data.tar.gz"`;

  test("leaves all of the old data or all of the new, and the old one aside", () => {
    const seen = { old: 0, new: 0 };
    const steps = killedAnywhere(
      unpack,
      () => undefined,
      (limit) => {
        const found = content();
        if ("k3s/only-old" in found) {
          assert.deepEqual(found, old, `before step ${limit}`);
          assert.ok(!existsSync(restore()), "one that never was complete leaves nothing");
          seen.old++;
        } else {
          assert.deepEqual(found, fresh, `before step ${limit}`);
          assert.deepEqual(content(join(restore(), "replaced")), old);
          // And whoever asks for it again gets no second one.
          assert.equal(run(unpack).status, 0);
          assert.deepEqual(content(join(restore(), "replaced")), old);
          seen.new++;
        }
      },
    );
    assert.ok(steps > 15 && seen.old > 3 && seen.new > 3, `${steps} steps: ${JSON.stringify(seen)}`);
  });

  test("another one after one that never got well keeps what was there before both", () => {
    killedAnywhere(
      `WORK_ID=another; ${unpack}`,
      () => {
        assert.equal(run(unpack).status, 0);
        writeFileSync(join(data(), "k3s/db/wal"), "spoilt");
      },
      (limit) => {
        const { "k3s/db/wal": wal } = content();
        assert.ok(wal === "new" || wal === "spoilt", `before step ${limit}: ${wal}`);
        assert.deepEqual(content(join(restore(), "replaced")), old, `before step ${limit}`);
      },
    );
    assert.deepEqual(content(), fresh);
    assert.deepEqual(content(join(restore(), "replaced")), old);
  });

  test("putting the old data back, and what is left after the service is well", () => {
    const restored = (): void => assert.equal(run(unpack).status, 0);
    killedAnywhere("put_back", restored, (limit) => {
      const found = content();
      if ("k3s/only-old" in found) assert.ok(!existsSync(restore()), `before step ${limit}`);
      else assert.deepEqual(content(join(restore(), "replaced")), old, `before step ${limit}`);
      assert.deepEqual(found, "k3s/only-old" in found ? old : fresh, `before step ${limit}`);
    });
    assert.deepEqual(content(), old);
    assert.equal(run("put_back").status, 1, "there is nothing to put back any more");
    killedAnywhere("settle_restore", restored, () => assert.deepEqual(content(), fresh));
    assert.ok(!existsSync(restore()));
    assert.deepEqual(content(), fresh);
  });

  test("a node that is no longer the owner moves nothing", () => {
    for (let limit = 0; limit < 12; limit++) {
      reset();
      run(unpack, limit);
      writeFileSync(join(folder, "lease", "epoch"), "2\n");
      const before = content();
      const { status, stdout } = run('move_all "$1" "$1/.restore/elsewhere"');
      assert.equal(status, 1);
      assert.match(stdout, /the epoch on the server is 2, not 1/);
      assert.deepEqual(content(), before);
    }
  });

  test("data whose fate nobody knows is not deleted", () => {
    assert.equal(run(unpack).status, 0);
    rmSync(join(restore(), "state"));
    const { status, stdout } = run("finish_restore");
    assert.equal(status, 1);
    assert.match(stdout, /replaced is there, and nothing says what became of it/);
    assert.deepEqual(content(join(restore(), "replaced")), old);
  });
});
