import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { mountUnitName, renderMountUnit, unitValue } from "../../domain/units";
import { packageRoot } from "../../local/root";

/** What a unit means is systemd's to say, where it is there. */
const systemd = ["systemd-escape", "systemd-analyze"].every(
  (program) => spawnSync(program, ["--version"]).status === 0,
);

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "units-"));
});
after(() => rmSync(folder, { recursive: true }));

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
        join(folder, "ha-rancher-nfs-identity.service"),
        "[Service]\nType=oneshot\nExecStart=/bin/true\n",
      );
      const said = execFileSync("systemd-analyze", ["verify", "--man=no", file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      assert.equal(said, "");
    });
});
