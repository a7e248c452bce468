import assert from "node:assert/strict";
import { test } from "node:test";
import { withNode } from "./node";

/* The NFSv4 client identity of a node: node/storage/identity, with a file in the kernel's place. */

test(
  "a node gets the identity of its configuration, also before it was told what to run, and keeps it",
  withNode(async (node) => {
    node.configure();
    node.put("identity", "(null)\n");
    await node.mustRun("storage/identity");
    assert.equal(node.get("identity"), "test-a");
    assert.deepEqual(node.log(), ["modprobe nfs"]);
    // Whatever is mounted: it is right already.
    node.put("nfs-mounts", "/data server:/data nfs4\n");
    await node.mustRun("storage/identity");
  }),
);

test(
  "it does not change while something is mounted with another one",
  withNode(async (node) => {
    node.configure();
    node.put("identity", "other\n");
    node.put("nfs-mounts", "/data server:/data nfs4\n");
    const { code, stderr } = await node.run("storage/identity");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /is 'other' and cannot become 'test-a' while something is mounted with it: unmount it/,
    );
    assert.equal(node.get("identity"), "other");
  }),
);

test(
  "version 3 has none",
  withNode(async (node) => {
    node.configure({ lease: { directory: "/l", unit: "l.mount", nfsVersion: "3", identity: "test-a" } });
    await node.mustRun("storage/identity");
    assert.equal(node.has("identity"), false);
    assert.deepEqual(node.log(), []);
  }),
);

test(
  "without a configuration it says who writes one",
  withNode(async (node) => {
    const { code, stderr } = await node.run("storage/identity");
    assert.equal(code, 78);
    assert.match(stderr, /agent\.json cannot be read as JSON: .*`npm run up` writes it/);
  }),
);
