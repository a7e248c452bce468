import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { type GuardConfValues, guardConf, sentinelName } from "../../domain/guard-conf";
import { mountUnitName, renderMountUnit, unitValue } from "../../domain/units";
import { packageRoot } from "../../local/root";

const values: GuardConfValues = {
  node: "rancher-1",
  vip: "192.168.56.10",
  container: "rancher",
  dataDirectory: "/rancher_data",
  dataUnit: "rancher_data.mount",
  leaseDirectory: "/rancher_lease",
  identity: "ha-rancher-dev-rancher-1",
  sentinel: "shared data of dev",
  healthUrl: "https://127.0.0.1/healthz",
};

/** What a unit means is systemd's to say, where it is there. */
const systemd = ["systemd-escape", "systemd-analyze"].every(
  (program) => spawnSync(program, ["--version"]).status === 0,
);

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "guard-files-"));
});
after(() => rmSync(folder, { recursive: true }));

/** Reads a guard.conf as nodes do, and gives the value of some keys, or what was complained of. */
function read(conf: string, ...keys: string[]): { values: string[] } | { complaint: string } {
  const file = join(folder, "guard.conf");
  writeFileSync(file, conf);
  const script = `source node/guard/configuration.bash; load_configuration "$1"; shift
    for key; do printf '%s\\0' "\${!key}"; done`;
  try {
    const said = execFileSync("bash", ["--norc", "-uc", script, "bash", file, ...keys], {
      cwd: packageRoot,
      encoding: "utf8",
      stdio: "pipe",
      // Nothing of these may get through.
      env: {
        PATH: process.env.PATH,
        NODE: "from-the-environment",
        HEARTBEAT: "7",
        RUN_DIRECTORY: "/nowhere",
      },
    });
    return { values: said.split("\0").slice(0, -1) };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    assert.equal(status, 78, stderr);
    return { complaint: stderr };
  }
}

describe("guard.conf", () => {
  it("is read by the guard as it was written", () => {
    const conf = guardConf({ ...values, times: { giveUp: 4.5, stopGrace: 20 } });
    assert.deepEqual(
      read(
        conf,
        "NODE",
        "VIP",
        "LEASE_UNIT",
        "SENTINEL",
        "HEARTBEAT",
        "GIVE_UP",
        "STOP_GRACE",
        "RUN_DIRECTORY",
      ),
      {
        values: [
          "rancher-1",
          "192.168.56.10",
          "rancher_lease.mount",
          "shared data of dev",
          "1000",
          "4500",
          "20",
          "/run/ha-rancher",
        ],
      },
    );
  });

  it("carries any text of one line unchanged", () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
          .filter((text) => !/\p{Cc}|\p{Surrogate}/u.test(text)),
        (sentinel) =>
          assert.deepEqual(read(guardConf({ ...values, sentinel }), "SENTINEL"), { values: [sentinel] }),
      ),
      {
        numRuns: 40,
        examples: [["it's $(reboot) `id` \\"], ["-n"], ['"'], ["*"], ["!x #y"]],
      },
    );
  });

  it("refuses a line break", () => {
    assert.throws(() => guardConf({ ...values, sentinel: "a\nNODE=b" }), /`sentinel` has a line break/);
  });

  it("is refused by the guard with all its mistakes at once", () => {
    const { sentinel, ...rest } = values;
    const result = read(
      guardConf({ ...rest, vip: "10.0.0", times: { heartbeat: 3, giveUp: Number.NaN } } as GuardConfValues),
      "NODE",
    );
    assert.ok("complaint" in result, `${sentinel} is missing, and that is accepted`);
    for (const mistake of ["`SENTINEL` is missing", "`VIP` is '10.0.0'", "`GIVE_UP` is 'NaN'"])
      assert.ok(result.complaint.includes(mistake), result.complaint);
  });

  const unsafe: [string, GuardConfValues["times"], RegExp][] = [
    [
      "a heartbeat too rare to notice its absence",
      { heartbeat: 3 },
      /`GIVE_UP` must be at least three times `HEARTBEAT`/,
    ],
    ["no time for stopping hard", { watchdog: 7 }, /`WATCHDOG` must be at least/],
    ["a lease that ends before its owner", { leaseTime: 10 }, /`LEASE_TIME` must be more than `WATCHDOG`/],
    [
      "a grace time that ends before a lease",
      { graceTime: 14 },
      /`GRACE_TIME` must be at least `LEASE_TIME`/,
    ],
    ["no time at all", { vipLoss: 0 }, /`VIP_LOSS` must be more than 0 seconds/],
  ];
  for (const [what, times, complaint] of unsafe)
    it(`is refused by the guard with ${what}`, () => {
      const result = read(guardConf({ ...values, times }), "NODE");
      assert.match("complaint" in result ? result.complaint : "", complaint);
    });

  it("is needed", () => {
    const result = read("", "NODE");
    assert.match("complaint" in result ? result.complaint : "", /`NODE` is missing/);
    rmSync(join(folder, "guard.conf"));
    assert.throws(
      () =>
        execFileSync(join(packageRoot, "node", "guard", "guard"), [join(folder, "guard.conf")], {
          stdio: "pipe",
        }),
      /cannot be read: it is written by `pulumi up`/,
    );
  });
});

describe("files that nodes run", () => {
  it("agree on the sentinel's name", () => {
    const text = readFileSync(join(packageRoot, "node", "guard", "configuration.bash"), "utf8");
    assert.ok(text.includes(`readonly sentinel_name=${sentinelName}\n`));
  });
});

describe("mount units", () => {
  it("are named by systemd's rules", () => {
    const names: [string, string][] = [
      ["/rancher_data", "rancher_data.mount"],
      ["/", "-.mount"],
      ["/a/./b//c/", "a-b-c.mount"],
      ["/.a-b", "\\x2ea\\x2db.mount"],
      ["/a b/\\c", "a\\x20b-\\x5cc.mount"],
      ["/ä%:_.x", "\\xc3\\xa4\\x25:_.x.mount"],
    ];
    for (const [path, name] of names) assert.equal(mountUnitName(path), name);
  });

  if (systemd)
    it("are named as systemd-escape names them", () => {
      const path = fc
        .array(fc.string({ unit: "grapheme", maxLength: 4 }), { maxLength: 3 })
        .map((parts) => `/${parts.join("/")}`)
        .filter((text) => !/\0|\p{Surrogate}/u.test(text) && !text.split("/").includes(".."))
        .filter((text) => Buffer.byteLength(text) < 60);
      fc.assert(
        fc.property(fc.array(path, { minLength: 1, maxLength: 30 }), (paths) => {
          const names = execFileSync("systemd-escape", ["--path", "--suffix=mount", "--", ...paths], {
            encoding: "utf8",
          });
          assert.equal(`${paths.map(mountUnitName).join(" ")}\n`, names);
        }),
        { numRuns: 25 },
      );
    });

  it("are not named for what is no mount point", () => {
    for (const path of ["", "a", "/a/../b", "/a\0"])
      assert.throws(() => mountUnitName(path), /is not a mount point/);
    assert.throws(() => mountUnitName(`/${"x".repeat(250)}`), /too long/);
  });

  it("get their values, and systemd's specifiers do not happen", () => {
    const text = renderMountUnit("What=@{WHAT}\nWhere=@{WHERE}\nOptions=vers=@{VERSION}\n", {
      what: "1.2.3.4:/a b%n",
      where: "/c$&",
      version: "4.2",
    });
    assert.equal(text, "What=1.2.3.4:/a b%%n\nWhere=/c$&\nOptions=vers=4.2\n");
    assert.throws(() => renderMountUnit("@{OTHER}", { what: "a", where: "/b", version: "3" }), /@\{OTHER\}/);
  });

  it("of lease and data have one version, so that they are one client: who loses the lease loses the data's files", () => {
    const [lease, data] = ["lease", "data"].map((kind) => {
      const template = readFileSync(join(packageRoot, "node", "units", `${kind}.mount.template`), "utf8");
      const unit = renderMountUnit(template, { what: "192.0.2.1:/x", where: "/y", version: "4.2" });
      return /^Options=(vers=[\d.]+,proto=\w+),/m.exec(unit)?.[1];
    });
    assert.equal(lease, "vers=4.2,proto=tcp");
    assert.equal(data, lease);
  });

  it("with NFS 3 have no locks and no caches: a server keeps the lock of a node that is gone", () => {
    for (const kind of ["lease", "data"]) {
      const template = readFileSync(join(packageRoot, "node", "units", `${kind}.mount.template`), "utf8");
      const at = { what: "192.0.2.1:/x", where: "/y" };
      assert.match(
        renderMountUnit(template, { ...at, version: "3" }),
        /^Options=vers=3,nolock,noac,proto=tcp,hard,/m,
      );
      assert.match(
        renderMountUnit(template, { ...at, version: "4.2" }),
        /^Options=vers=4\.2,proto=tcp,hard,/m,
      );
    }
  });

  it("refuse what a line cannot hold", () => {
    for (const text of ["", "a\nb", "a\\", " a", "a\t", "\0"])
      assert.throws(() => unitValue(text), /systemd unit/);
  });

  for (const kind of systemd ? ["lease", "data"] : [])
    it(`for the ${kind} is one that systemd accepts`, () => {
      const where = `/tmp/a ${kind}`;
      const file = join(folder, mountUnitName(where));
      const template = readFileSync(join(packageRoot, "node", "units", `${kind}.mount.template`), "utf8");
      writeFileSync(file, renderMountUnit(template, { what: "192.0.2.1:/100%/x y", where, version: "3" }));
      writeFileSync(
        join(folder, "ha-rancher-identity.service"),
        "[Service]\nType=oneshot\nExecStart=/bin/true\n",
      );
      const said = execFileSync("systemd-analyze", ["verify", "--man=no", file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      assert.equal(said, "");
    });
});
