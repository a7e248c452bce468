import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { type GuardedNode, type Pair, times, until } from "./nodes";
import { becomesActive, withNodes } from "./with-nodes";

const dataOf = (pair: Pair): string => join(pair.folder, "data");
const datastore = (pair: Pair): string => join(dataOf(pair), "k3s", "server", "db", "etcd");

/** Data as Rancher has it: a datastore, something hidden, something that stays on the node. */
function fill(pair: Pair, value: string): void {
  for (const folder of [datastore(pair), join(dataOf(pair), "k3s", "agent")])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(datastore(pair), "wal"), value);
  writeFileSync(join(dataOf(pair), ".hidden file"), value);
  // What does not get smaller, so that an archive has places to be broken at.
  writeFileSync(join(datastore(pair), "db"), randomBytes(50_000));
  writeFileSync(join(dataOf(pair), "k3s", "agent", "image"), value);
}

const wal = (pair: Pair): string => readFileSync(join(datastore(pair), "wal"), "utf8");
const backups = (node: GuardedNode): string => join(node.home, "backups");

const backUp = async (node: GuardedNode, keep = 7): Promise<string> =>
  (await node.run("backup", backups(node), String(keep), node.configuration)).trim();

const restore = (node: GuardedNode, file: string): Promise<string> =>
  node.run("restore", file, node.configuration);

/** Writes what a restore must not touch, and what it must take away. */
function change(pair: Pair): void {
  writeFileSync(join(datastore(pair), "wal"), "later");
  writeFileSync(join(datastore(pair), "new"), "later");
}

const listed = (file: string): string[] =>
  execFileSync("bash", ["-c", 'tar -xOf "$1" data.tar.gz | tar -tz | sort', "list", file], {
    encoding: "utf8",
  }).split("\n");

const events = (pair: Pair): string[] => pair.log.map((line) => line.slice(2));

describe("backup and restore, by the guard", { concurrency: 3 }, () => {
  withNodes("a backup stops the service, copies the data, and starts it again", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    assert.match(file, /\/backups\/rancher-\d{8}T\d{6}Z\.tar$/);
    assert.equal(a.state, "ACTIVE");
    assert.deepEqual(events(pair), [
      "data-mounted",
      "container-started",
      "container-stopped",
      "data-mounted",
      "data-mounted",
      "container-started",
    ]);
    assert.equal(pair.epoch, 1, "the lease was kept");
    const names = listed(file);
    for (const name of ["./k3s/server/db/etcd/wal", "./.hidden file", "./journal"])
      assert.ok(names.includes(name), `${name} is not in ${names}`);
    assert.ok(!names.some((name) => /sentinel|\.snap|agent/.test(name)), String(names));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(
      execFileSync("tar", ["-xOf", file, "manifest"], { encoding: "utf8" }),
      /^format=1\nimage=rancher\/rancher:v2\.12\.3\ntime=\d{8}T\d{6}Z\nnode=a\nsize=\d+\nsha256=[0-9a-f]{64}\nbytes=\d+\ncheck=[0-9a-f]{64}\n$/,
    );
    assert.deepEqual(
      readdirSync(backups(a)),
      [file.slice(backups(a).length + 1)],
      "nothing is left beside it",
    );
  });

  withNodes("only so many are kept, and a standby makes none", async (_, a, b) => {
    await becomesActive(a);
    mkdirSync(backups(a));
    for (const name of ["rancher-20200101T000000Z.tar", "rancher-20210101T000000Z.tar", "mine.tar"])
      writeFileSync(join(backups(a), name), "");
    const file = await backUp(a, 2);
    assert.deepEqual(
      readdirSync(backups(a)).sort(),
      ["mine.tar", "rancher-20210101T000000Z.tar", file.slice(backups(a).length + 1)].sort(),
    );
    assert.equal(await backUp(b), "");
    assert.ok(!existsSync(backups(b)));
  });

  withNodes("what was backed up comes back, and nothing else stays", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    change(pair);
    assert.match(await restore(a, file), /is restored, and the service is well/);
    assert.equal(wal(pair), "early");
    assert.ok(!existsSync(join(datastore(pair), "new")), "what came later is gone");
    assert.equal(readFileSync(join(dataOf(pair), ".hidden file"), "utf8"), "early");
    await until(() => !existsSync(join(dataOf(pair), ".restore")), "what was there before to go", a);
    assert.ok(existsSync(join(dataOf(pair), ".ha-rancher-sentinel")));
    assert.equal(pair.epoch, 1);
    assert.deepEqual(readdirSync(backups(a)), [file.slice(backups(a).length + 1)]);
  });

  withNodes("data that is wiped comes back", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    execFileSync("rm", ["-rf", join(dataOf(pair), "k3s"), join(dataOf(pair), ".hidden file")]);
    await restore(a, file);
    assert.equal(wal(pair), "early");
  });

  withNodes("data with which the service does not start is restored, too", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    change(pair);
    a.set("crash-after", "0");
    await until(() => a.state === "STANDBY" && !a.mayHoldVip, "a to give up", a);
    const restored = restore(a, file);
    await until(() => existsSync(join(dataOf(pair), ".restore")), "the restore to begin", a);
    a.unset("crash-after");
    await restored;
    assert.equal(wal(pair), "early");
  });

  withNodes(
    "an archive that is broken or of another version is refused, and nothing happens",
    async (pair, a) => {
      fill(pair, "early");
      await becomesActive(a);
      const file = await backUp(a);
      change(pair);
      const before = pair.log.length;
      const bytes = readFileSync(file);
      const at = (part: string): number => bytes.indexOf(part);
      const flipped = (place: number): Buffer => {
        const copy = Buffer.from(bytes);
        copy[place] = (copy[place] ?? 0) ^ 1;
        return copy;
      };
      const cases: [Buffer, RegExp][] = [
        [bytes.subarray(0, 2048), /cut off/],
        [bytes.subarray(0, at("data.tar.gz") + 600), /cut off/],
        [Buffer.from("no tar file at all"), /no backup/],
        [flipped(at("v2.12.3")), /manifest was changed/],
        [flipped(at("data.tar.gz") + 700), /was changed, or is broken/],
      ];
      const broken = join(backups(a), "broken.tar");
      for (const [content, words] of cases) {
        writeFileSync(broken, content);
        await assert.rejects(restore(a, broken), (error: Error) => {
          assert.match(error.message, /is refused, and nothing was touched/);
          assert.match(error.message, words);
          return true;
        });
      }
      a.set("image", "rancher/rancher:v2.13.0");
      await assert.rejects(
        restore(a, file),
        /it is of rancher\/rancher:v2\.12\.3, and the stack runs .*v2\.13\.0/,
      );
      assert.equal(wal(pair), "later");
      assert.equal(pair.log.length, before, "the service went on");
      assert.equal(a.state, "ACTIVE");
      // A mirror's image of the same name is of the same version.
      a.set("image", "registry.example.com:5000/rancher/rancher:v2.12.3");
      await restore(a, file);
      assert.equal(wal(pair), "early");
    },
  );

  withNodes("an archive with names outside of the data is refused", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    const script = `
      set -e; work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; tar -xf "$1"; mkdir -p k3s/server/db; touch k3s/server/db/x
      tar -czPf data.tar.gz ./k3s/server/db/ ../../../../etc/hostname
      { grep -v -e ^check= -e ^size= -e ^sha256= manifest; echo "size=$(stat -c %s data.tar.gz)"
        echo "sha256=$(sha256sum <data.tar.gz | cut -d' ' -f1)"; } >new
      echo "check=$(sha256sum <new | cut -d' ' -f1)" >>new; mv new manifest; tar -cf "$2" manifest data.tar.gz`;
    const hostile = join(backups(a), "hostile.tar");
    execFileSync("bash", ["-c", script, "make", file, hostile]);
    await assert.rejects(restore(a, hostile), /names outside of it/);
  });

  withNodes(
    "a backup is given up where the service moves on, and the other node serves",
    async (pair, a, b) => {
      fill(pair, "early");
      await becomesActive(a);
      a.set("slow-stop", String(times.vipLoss + 1));
      const refused = assert.rejects(
        backUp(a),
        /the data cannot be copied: the service left this node: the VIP is gone/,
      );
      await until(() => a.state === "PREPARE", "the service to be stopped", a);
      a.setVip(false);
      await becomesActive(b);
      await refused;
      assert.deepEqual(readdirSync(backups(a)), []);
      assert.deepEqual(await pair.writersUntil(b), ["a", "b"]);
      assert.ok(!a.has("run/work"));
    },
  );

  withNodes("a restore whose guard is killed half-way is finished by another node's", async (pair, a, b) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    change(pair);
    // As it is left by a power cut in the middle of the way out and of the way in.
    for (const phase of ["out", "in"]) {
      const [holder, other] = pair.record.split(" ")[2] === "a" ? [a, b] : [b, a];
      await holder.signal("SIGKILL");
      await holder.stopPost();
      holder.setVip(false);
      const work = join(dataOf(pair), ".restore");
      execFileSync("bash", [
        "-c",
        `set -e; mkdir -p "$1/incoming" "$1/replaced"; tar -xOf "$2" data.tar.gz | tar -xz -C "$1/incoming"
         mv "$3/k3s" "$1/replaced/"; [[ $4 == out ]] || { mv "$3/.hidden file" "$3/journal" "$1/replaced/"; mv "$1/incoming/k3s" "$3/"; }
         echo "$4 some-id incoming replaced" >"$1/state"`,
        "half",
        ...[work, file, dataOf(pair), phase],
      ]);
      await becomesActive(other);
      assert.equal(wal(pair), "early", phase);
      assert.equal(readFileSync(join(dataOf(pair), ".hidden file"), "utf8"), "early");
      assert.ok(!existsSync(join(datastore(pair), "new")), phase);
      await until(() => !existsSync(work), "what was there before to go", other);
      change(pair);
      await holder.ready();
    }
  });

  withNodes(
    "what is left of a restore is not done by a node that is no longer the owner",
    async (pair, a) => {
      fill(pair, "early");
      await becomesActive(a);
      const file = await backUp(a);
      change(pair);
      // As another node that has taken the lease while this one was paused; its heartbeats go on until it looks.
      a.set("slow-stop", "2");
      const refused = assert.rejects(restore(a, file));
      await until(() => a.state === "PREPARE", "the service to be stopped", a);
      writeFileSync(join(pair.folder, "lease", "epoch"), "99\n");
      // Or it would soon be the owner again, and do what it was told to: that is right, and not what is looked at here.
      a.setVip(false);
      await a.says(/the epoch on the server is 99, not 1/);
      await until(() => a.state === "STANDBY", "a to step down", a);
      assert.equal(wal(pair), "later");
      await a.signal("SIGTERM");
      await refused;
    },
  );

  withNodes("a restore is repeated when its script or its guard was killed", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    change(pair);
    a.set("slow-stop", "1");
    const child = spawn(a.guardProgram("restore"), [file, a.configuration], { env: a.environment });
    await until(() => a.state === "PREPARE", "the service to be stopped", a);
    child.kill("SIGKILL");
    a.unset("slow-stop");
    await until(() => a.state === "ACTIVE", "a to serve again", a);
    assert.equal(wal(pair), "later", "nobody wants it any more");
    assert.ok(!a.has("run/work"));
    const restored = restore(a, file);
    await until(() => a.state === "PREPARE", "the service to be stopped", a);
    await a.signal("SIGKILL");
    await a.stopPost();
    a.start();
    await restored;
    assert.equal(wal(pair), "early");
  });

  withNodes("restored data with which the service does not get well is taken out again", async (pair, a) => {
    fill(pair, "early");
    await becomesActive(a);
    const file = await backUp(a);
    change(pair);
    const refused = assert.rejects(
      restore(a, file),
      /does not get well with the restored data .*: the data from before is back/,
    );
    a.set("fail-health");
    await until(() => existsSync(join(dataOf(pair), ".restore", "replaced")), "the data to be replaced", a);
    await until(() => a.state === "STARTING", "the restored data to be tried", a);
    assert.equal(wal(pair), "early");
    await refused;
    assert.equal(wal(pair), "later");
    assert.ok(existsSync(join(datastore(pair), "new")));
    assert.ok(!existsSync(join(dataOf(pair), ".restore")));
    a.unset("fail-health");
    await until(() => a.state === "ACTIVE", "a to be active with the old data", a);
  });
});
