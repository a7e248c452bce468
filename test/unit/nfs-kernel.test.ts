import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { kernelServer } from "../../providers/nfs/kernel";
import {
  clientsInExportsFile,
  clientsListed,
  fileSystemId,
  quoteForExports,
  renderExportsFile,
  unquoteExports,
} from "../../providers/nfs/kernel-exports";
import { program, scratch } from "./nfs-fakes";

const folder = scratch();
const path = process.env.PATH;
const exportsFolder = folder.path("exports.d");

/** Serves all lines of the folder's files that name an existing path, and keeps what it serves in a file. */
const fakeExportfs = `#!/bin/sh
case "$1" in
  -ra) : > ${folder.path("etab")}
    echo "exportfs: Failed to stat /another: No such file or directory" >&2
    for file in ${exportsFolder}/*.exports; do
      [ -e "$file" ] || continue
      grep -v '^#' "$file" | grep -v refused | sed 's/ /  /' >> ${folder.path("etab")}
    done
    exit 1 ;;
  -s) cat ${folder.path("etab")} ;;
  *) exit 9 ;;
esac
`;

before(() => {
  program(folder.path("bin/exportfs"), fakeExportfs);
  program(
    folder.path("bin/sudo"),
    `#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift\necho "$*" >> ${folder.path("sudo.log")}\nexec "$@"\n`,
  );
  process.env.PATH = `${folder.path("bin")}:${path}`;
});
after(() => {
  process.env.PATH = path;
  folder.remove();
});
beforeEach(() => {
  writeFileSync(folder.path("etab"), "");
  writeFileSync(folder.path("sudo.log"), "");
});

const one = {
  name: "ha-rancher-dev",
  directory: "/srv/shared data",
  clients: ["192.168.56.11", "192.168.56.12"],
};

test("publishes, changes and withdraws an export as a file of its own; others' complaints do not count", async () => {
  mkdirSync(exportsFolder, { recursive: true });
  writeFileSync(`${exportsFolder}/other.exports`, "/other 10.0.0.1(ro)\n");
  const server = kernelServer(exportsFolder, true);
  assert.deepEqual(await server.publish(one), { path: "/srv/shared data", exportId: 0 });
  const file = `${exportsFolder}/ha-rancher-dev.exports`;
  const id = fileSystemId("ha-rancher-dev");
  assert.equal(
    readFileSync(file, "utf8"),
    [
      "# Made by ha-rancher; changes are overwritten.",
      `/srv/shared\\040data 192.168.56.11(rw,sync,no_subtree_check,no_root_squash,fsid=${id},sec=sys)`,
      `/srv/shared\\040data 192.168.56.12(rw,sync,no_subtree_check,no_root_squash,fsid=${id},sec=sys)`,
      "",
    ].join("\n"),
  );
  const expected = { ...one, path: one.directory, exportId: 0 };
  assert.deepEqual(await server.look(expected), one.clients);
  // Withdrawn by hand from the running server: the file still has it.
  const served = readFileSync(folder.path("etab"), "utf8");
  writeFileSync(folder.path("etab"), served.replace(/^.*192\.168\.56\.12.*\n/m, ""));
  assert.deepEqual(await server.look(expected), ["192.168.56.11"]);
  await server.publish({ ...one, clients: ["192.168.56.13"] });
  assert.deepEqual(await server.look(expected), ["192.168.56.13"]);
  await server.withdraw(one.name, one.directory);
  assert.deepEqual(readdirSync(exportsFolder), ["other.exports"]);
  assert.equal(readFileSync(folder.path("etab"), "utf8"), "/other  10.0.0.1(ro)\n");
  assert.equal(await server.look(expected), undefined);
  await server.withdraw(one.name, one.directory);
  assert.equal(readFileSync(folder.path("sudo.log"), "utf8"), "");
});

test("an export that the kernel does not take is an error with what exportfs said", async () => {
  const refused = { ...one, name: "no", directory: "/srv/refused" };
  const server = kernelServer(exportsFolder, true);
  await assert.rejects(
    server.publish(refused),
    /does not export \/srv\/refused to 192.168.56.11, 192.168.56.12:\nexportfs: /,
  );
  await server.withdraw(refused.name, refused.directory);
});

test("a directory that another line still exports is an error", async () => {
  const server = kernelServer(exportsFolder, true);
  await server.publish(one);
  writeFileSync(`${exportsFolder}/zz.exports`, "/srv/shared\\040data 10.0.0.9(ro)\n");
  await assert.rejects(
    server.withdraw(one.name, one.directory),
    /still exported to 10.0.0.9: \/etc\/exports/,
  );
});

test("who is not root uses sudo for exactly five commands, and is told which when it may not", async () => {
  const server = kernelServer(exportsFolder, false);
  await server.publish({ ...one, name: "mine", directory: "/srv/mine" });
  await server.withdraw("mine", "/srv/mine");
  const used = [...new Set(readFileSync(folder.path("sudo.log"), "utf8").trim().split("\n"))];
  assert.equal(used.length, 5);

  program(folder.path("bin/sudo"), "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
  await assert.rejects(server.publish({ ...one, name: "mine" }), (error: Error) => {
    assert.match(error.message, /^sudo: a password is required\n.*root's rights.*visudo -f/s);
    for (const command of used) assert.ok(error.message.includes(`ALL=(root) NOPASSWD: ${command}`), command);
    return true;
  });
  assert.ok(!existsSync(`${exportsFolder}/mine.exports`));
});

test("a machine without the kernel's NFS server is told what to install", async () => {
  process.env.PATH = "/nonexistent";
  try {
    const found = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].some((bin) => existsSync(`${bin}/exportfs`));
    if (!found)
      await assert.rejects(
        kernelServer(exportsFolder, true).publish(one),
        /`exportfs` is missing.*nfs-kernel-server/,
      );
  } finally {
    process.env.PATH = `${folder.path("bin")}:${path}`;
  }
});

test("any path survives quoting, and no quoted one has a character that means something", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "grapheme" })), (text) => {
      const quoted = quoteForExports(text);
      assert.match(quoted, /^([\w/.-]|\\[0-7]{3})*$/);
      assert.equal(unquoteExports(quoted), text);
    }),
  );
  // Octal numbers mean the same to printf as to exports(5).
  const { stdout } = spawnSync("printf", [quoteForExports("/a b#ä\\")], { encoding: "utf8" });
  assert.equal(stdout, "/a b#ä\\");
});

test("the list of exports is read in all of its forms", () => {
  const listed = [
    "/srv/a  10.0.0.1(sync,wdelay,sec=sys,rw)",
    '"/srv/a b"  10.0.0.2(sync)',
    "/srv/a\\040b  10.0.0.3(sync)",
    "/srv/ab  10.0.0.4(sync)",
    "/srv/a  *(ro)",
  ].join("\n");
  assert.deepEqual(clientsListed(listed, "/srv/a"), ["10.0.0.1", "*"]);
  assert.deepEqual(clientsListed(listed, "/srv/a b"), ["10.0.0.2", "10.0.0.3"]);
  assert.deepEqual(clientsListed("", "/srv/a"), []);
});

test("an export's identity is a UUID of its own", () => {
  assert.match(fileSystemId("a"), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(fileSystemId("a"), fileSystemId("b"));
});

test("a file changed by hand lets nobody in, as far as the state is concerned", () => {
  const text = renderExportsFile(one);
  assert.deepEqual(clientsInExportsFile(text, one), one.clients);
  assert.deepEqual(clientsInExportsFile(text.replaceAll("no_root_squash", "root_squash"), one), []);
  assert.deepEqual(clientsInExportsFile(`${text}/etc *(rw)\n`, one), []);
});
