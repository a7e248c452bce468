import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { packedSet } from "../../providers/remote/script";
import { ownOwner, TestServer } from "../unit/remote-server";

/*
 * The set of programs as a resource of the real Pulumi, on a node of a version whose programs were single files: an SSH
 * server on the loopback in place of the node.
 */

const server = new TestServer();
let stack: TestStack;

const write = (former: boolean): void =>
  writeFileSync(
    join(stack.folder, "node.json"),
    JSON.stringify({ ssh: server.endpoint, folder: server.directory, owner: ownOwner(), former }),
  );
const types = (): string[] => {
  const { checkpoint } = JSON.parse(stack.stateText()) as {
    checkpoint: { latest: { resources?: { type: string; urn: string }[] } };
  };
  return (checkpoint.latest.resources ?? [])
    .map(({ urn }) => urn.replace(/^.*\$/, ""))
    .filter((urn) => /remote:/.test(urn));
};

before(async () => {
  process.env.HA_RANCHER_PROGRAMS = server.path("programs");
  await server.start();
  stack = await TestStack.make("node-set", undefined, join(__dirname, "node-set-program.js"));
});
after(async () => {
  await stack?.close();
  await server.stop();
});

test("what a former version left is taken over: nothing replaced or deleted, and a guard that runs keeps its files", async () => {
  write(true);
  await stack.mustUp();
  const flat = server.path("programs/guard");
  const guard = spawn(flat, { stdio: ["pipe", "ignore", "inherit"] });
  const exited = once(guard, "exit");
  for (let i = 0; !readdirSync(`/proc/${guard.pid}/fd`).includes("255"); i++) {
    assert.ok(i < 400, "the guard does not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  write(false);
  const { code, text } = await stack.pulumi("preview", "--diff");
  assert.equal(code, 0, text);
  assert.doesNotMatch(text, /replace|delete/);
  await stack.mustUp();
  assert.deepEqual(types().sort(), [
    "pulumi-nodejs:dynamic/remote:Files::software-one-guard-files",
    "pulumi-nodejs:dynamic/remote:NodeSet::software-one-programs",
  ]);
  assert.equal(readlinkSync(server.path("programs/current")), `sets/${packedSet("current").hash}`);
  assert.equal(readFileSync(server.path("guard.conf"), "utf8"), "NODE=one\n");
  assert.ok(existsSync(flat), "a guard runs from it");
  guard.stdin.end("go\n");
  await exited;
  await stack.mustUp("--expect-no-changes");
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
});

test("a program that was changed by hand is found by refresh, and mended by up", async () => {
  writeFileSync(server.path("programs/current/release/look"), "");
  await stack.mustRefresh();
  await stack.mustUp();
  assert.match(readFileSync(server.path("programs/current/release/look"), "utf8"), /^#!/);
  await stack.mustBeUnchanged();
});

test("destroyed, it leaves nothing", async () => {
  assert.equal((await stack.pulumi("destroy", "--yes", "--skip-preview")).code, 0);
  assert.equal(existsSync(server.path("programs")), false);
});
