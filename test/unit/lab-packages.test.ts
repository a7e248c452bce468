import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { debianRelease, parseOsRelease, selectSources } from "../../lab/debian";
import { countedLines, newPackages, notInstalled, parsePackageList } from "../../lab/packages";
import { packageRoot } from "../../local/root";
import { temporaryFolder } from "./cli-support";

const osRelease = (t: TestContext, text: string): string => {
  const file = join(temporaryFolder(t), "os-release");
  writeFileSync(file, text);
  return file;
};

test("package lists have a name a line and comments", () => {
  assert.deepEqual(parsePackageList("# why\nvagrant\n\n  qemu-utils  # disks\n"), ["vagrant", "qemu-utils"]);
});

test("of many packages it is told now and then how far they are", () => {
  let now = 0;
  const said: string[] = [];
  const hear = countedLines(
    30,
    (line) => said.push(line),
    () => now,
  );
  for (let i = 0; i < 30; i++) {
    hear(`Unpacking package-${i} (1.0) ...`);
    hear("Selecting previously unselected package x.");
    now += 400;
  }
  for (let i = 0; i < 30; i++) {
    hear(`Setting up package-${i} (1.0) ...`);
    now += 400;
  }
  assert.deepEqual(said, [
    "14 of 30 are unpacked",
    "27 of 30 are unpacked",
    "setting them up",
    "setting them up",
  ]);
});

test("the lab's own lists name nothing twice and nothing that starts services for itself", () => {
  for (const file of ["packages.txt", "box/own/packages.txt"]) {
    const names = parsePackageList(readFileSync(join(packageRoot, "lab", file), "utf8"));
    assert.ok(names.length > 10);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z0-9][a-z0-9+.-]+$/);
  }
  const names = parsePackageList(readFileSync(join(packageRoot, "lab", "packages.txt"), "utf8"));
  assert.ok(!names.includes("libvirt-daemon-system"));
});

test("only what is wholly installed counts as installed", () => {
  const printed = "installed vagrant\nconfig-files skopeo\nunpacked umoci\nnot-installed curl\n";
  assert.deepEqual(notInstalled(["vagrant", "skopeo", "umoci", "curl", "unheard-of"], printed), [
    "skopeo",
    "umoci",
    "curl",
    "unheard-of",
  ]);
});

test("upgrades are not taken for new packages", () => {
  const simulation = `Reading package lists...
Inst libvirt0 (9.0.0-4 Debian:12.12/oldstable [amd64])
Inst systemd [252.36-1] (252.39-1 Debian:12.12/oldstable [amd64])
Conf libvirt0 (9.0.0-4 Debian:12.12/oldstable [amd64])
`;
  assert.deepEqual(newPackages(simulation), ["libvirt0"]);
});

test("os-release may be quoted or not", () => {
  const parsed = parseOsRelease(
    `PRETTY_NAME="Debian \\"12\\""\nID=debian\nVERSION_ID='12'\n# comment\nbad line\n`,
  );
  assert.deepEqual(parsed, { PRETTY_NAME: 'Debian "12"', ID: "debian", VERSION_ID: "12" });
});

test("a Debian release is recognised, other systems are refused by name and with a way out", (t) => {
  const debian = osRelease(t, 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n');
  assert.deepEqual(debianRelease(debian), { suite: "bookworm", version: "12" });
  const other = osRelease(t, 'ID=fedora\nPRETTY_NAME="Fedora Linux 41"\nVERSION_ID=41\n');
  assert.throws(() => debianRelease(other), /this is Fedora Linux 41: use a hypervisor .* or existing hosts/);
  // Debian's testing has no version.
  assert.throws(
    () => debianRelease(osRelease(t, "ID=debian\nVERSION_CODENAME=forky\n")),
    /needs a release of Debian/,
  );
  assert.throws(() => debianRelease("/nonexistent"), /without \/etc\/os-release/);
});

test("only Debian's own sources of this release go into the box, each once", () => {
  const line = (...fields: string[]): string => fields.join("\t");
  const targets = [
    line("http://mirror.test/debian/", "bookworm", "main", "Debian"),
    line("http://mirror.test/debian/", "bookworm", "main", "Debian"),
    line("http://mirror.test/debian/", "bookworm-updates", "main", "Debian"),
    line("http://mirror.test/security/", "bookworm-security", "main", "Debian"),
    line("http://mirror.test/debian/", "bookworm-backports", "main", "Debian Backports"),
    line("http://mirror.test/debian/", "trixie", "main", "Debian"),
    line("http://elsewhere.test/", "bookworm", "main", "Somebody"),
    "",
  ].join("\n");
  assert.deepEqual(selectSources(targets, "bookworm"), [
    "deb http://mirror.test/debian/ bookworm main",
    "deb http://mirror.test/debian/ bookworm-updates main",
    "deb http://mirror.test/security/ bookworm-security main",
  ]);
});
