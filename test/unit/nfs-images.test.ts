import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { nfsExport } from "../../providers/nfs/export-provider";
import {
  helperFile,
  helperHint,
  helperInstalled,
  imagePoint,
  imageServer,
  ofKernel,
} from "../../providers/nfs/images";
import { fileSystemOf, refuseSharedFileSystem } from "../../providers/nfs/own-file-system";

test("the helper is a program that needs nothing but its folder, and takes no name that is not ours", () => {
  for (const name of [".x", "../x", "ha-rancher-/x"]) {
    const { status, stderr } = spawnSync(helperFile(true), ["look", name], { encoding: "utf8", env: {} });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /is no export.s name/);
  }
  const { status, stderr } = spawnSync(helperFile(true), ["look", "ha-rancher-x", "--at", "/etc"], {
    encoding: "utf8",
    env: { SUDO_UID: "1000" },
  });
  assert.equal(status, 1);
  assert.match(stderr, /only root itself may name a directory/);
});

test("what root has installed is compared with this package, file by file", () => {
  const ours = (path: string): string =>
    readFileSync(join(packageRoot, "node/export", basename(path)), "utf8");
  assert.ok(helperInstalled(ours));
  assert.ok(!helperInstalled(() => undefined));
  assert.ok(!helperInstalled((path) => (path.endsWith("/moving.py") ? "" : ours(path))));
  assert.match(helperHint("ann"), /^ann ALL=\(root\) NOPASSWD: \S+\/helper$/m);
});

test("who is not root and has no helper is told how to install it, and nothing is done", async () => {
  await assert.rejects(
    imageServer({ gibibytes: 5, sentinel: "s" }, false).publish({
      name: "ha-rancher-dev",
      directory: imagePoint("ha-rancher-dev"),
      clients: ["192.168.56.11"],
    }),
    /is not there, or of another version.*sudo install -d .*visudo.*NOPASSWD: \S+helper/s,
  );
});

test("an image is where its name says, and has a size", async () => {
  const given = {
    ...{ name: "ha-rancher-dev", clients: ["192.168.56.11"], sentinel: "s" },
    directory: imagePoint("ha-rancher-dev"),
    server: { kind: "image", gibibytes: 5 },
  };
  assert.deepEqual((await nfsExport.check({}, given)).failures, []);
  const wrong = async (changes: object): Promise<string> =>
    ((await nfsExport.check({}, { ...given, ...changes })).failures ?? [])
      .map(({ property, reason }) => `${property}: ${reason}`)
      .join("\n");
  assert.match(
    await wrong({ directory: "/srv/x" }),
    /^directory: `directory` must be \/srv\/ha-rancher-exports\//,
  );
  assert.match(await wrong({ server: { kind: "image", gibibytes: 0 } }), /must be at least 1/);
  assert.match(await wrong({ server: { kind: "image", gibibytes: 1.5 } }), /must be a whole number/);
});

test("an image that grows is an update, another directory a replacement", async () => {
  const olds = {
    ...{ name: "ha-rancher-dev", clients: ["192.168.56.11"], sentinel: "s", removeData: false },
    directory: imagePoint("ha-rancher-dev"),
    server: { kind: "image" as const, gibibytes: 5 },
    ...{ path: imagePoint("ha-rancher-dev"), exportId: 0 },
  };
  const grown = await nfsExport.diff("x", olds, { ...olds, server: { kind: "image", gibibytes: 6 } });
  assert.deepEqual([grown.changes, grown.replaces], [true, []]);
  const moved = await nfsExport.diff(
    "x",
    { ...olds, directory: "/former", server: { kind: "kernel" } },
    olds,
  );
  assert.deepEqual([moved.changes, moved.replaces], [true, ["directory"]]);
});

test("a stack made before there were images keeps its directory until that is gone", () => {
  const settings = { sharedDirectory: undefined, sharedSize: 7 };
  const fresh = ofKernel(settings, "dev", () => false);
  assert.deepEqual(fresh, {
    directory: "",
    server: { kind: "image", gibibytes: 7 },
  });
  const former = ofKernel(settings, "dev", () => true);
  assert.deepEqual(former.server, { kind: "kernel" });
  assert.match(former.directory, /\/shared\/dev$/);
  const own = ofKernel({ ...settings, sharedDirectory: "/srv/own" }, "dev", () => false);
  assert.deepEqual(own, { directory: "/srv/own", server: { kind: "kernel" } });
});

test("a directory that shares its file system with the system's is refused, one that does not is taken", () => {
  const line = (point: string): string => `36 35 98:0 / ${point} rw - ext4 /dev/x rw`;
  const table = ["/", "/srv/own", "/var"].map(line).join("\n");
  assert.deepEqual(fileSystemOf("/srv/own/x", table), { point: "/srv/own", holdsMore: false });
  assert.deepEqual(fileSystemOf("/srv/other", table), { point: "/", holdsMore: true });
  assert.deepEqual(fileSystemOf("/var/x", table), { point: "/var", holdsMore: true });
  assert.throws(() => refuseSharedFileSystem("/opt/x"), /leave `sharedDirectory` out/);
});
