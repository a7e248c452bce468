import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { TestServer } from "../unit/remote-server";

/*
 * What a command made on a node as a resource of the real Pulumi, an SSH server on the loopback in place of the node. Each
 * test goes on from where the one before it stopped.
 */

const server = new TestServer();
let stack: TestStack;

/** A look and a mend of one file: `made` is to be there, and `broken` keeps it from being made. */
const write = (changes: object = {}): void =>
  writeFileSync(
    join(stack.folder, "kept.json"),
    JSON.stringify({
      ssh: server.endpoint,
      look: "sh -c '[ -e made ] || echo the thing is not there; [ ! -e odd ] || echo and it is odd'",
      mend: "sh -c '[ ! -e broken ] || { echo no room for it >&2; exit 1; }; touch made; echo mended >>log'",
      ...changes,
    }),
  );
const mends = (): number => server.commands.filter((line) => line.includes("timeout 120")).length;
const drifted = async (): Promise<string> => {
  const { code, text } = await stack.pulumi("refresh", "--yes", "--diff", "--expect-no-changes");
  assert.notEqual(code, 0, text);
  return text;
};

before(async () => {
  await server.start();
  writeFileSync(server.path("made"), "");
  stack = await TestStack.make("kept", undefined, join(__dirname, "kept-program.js"));
  write();
});

after(async () => {
  await stack?.close();
  await server.stop();
});

test("it is made without a word to the node, and a look at what is right finds nothing", async () => {
  await stack.mustUp();
  assert.equal(server.logins, 0);
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
  assert.equal(mends(), 0);
});

test("how to log in is nowhere in the state in clear", () => {
  const [, middle = ""] = server.endpoint.privateKey.split("\n");
  assert.equal(stack.stateText().includes(middle), false);
});

test("what was undone by hand is drift in words, and the next up mends it, once", async () => {
  rmSync(server.path("made"));
  assert.match(await drifted(), /faults *: *"the thing is not there"/);
  await stack.mustUp();
  assert.ok(existsSync(server.path("made")));
  assert.equal(mends(), 1);
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
  assert.equal(mends(), 1);
});

test("what cannot be mended is an error with its reason, and the next up tries again", async () => {
  rmSync(server.path("made"));
  writeFileSync(server.path("broken"), "");
  await drifted();
  const failed = await stack.up();
  assert.notEqual(failed.code, 0);
  assert.match(failed.text, /the thing is not there: this cannot be mended: no room for it/);
  rmSync(server.path("broken"));
  await stack.mustUp();
  await stack.mustBeUnchanged();
});

test("one that does not stay mended is an error, too", async () => {
  writeFileSync(server.path("odd"), "");
  assert.match(await drifted(), /and it is odd/);
  const failed = await stack.up();
  assert.notEqual(failed.code, 0);
  assert.match(failed.text, /after it was mended it is still so: and it is odd/);
  rmSync(server.path("odd"));
  await stack.mustUp();
});

test("a look that cannot be had is drift; another look or mend alone is stored, and nothing is done", async () => {
  const before = mends();
  write({ look: "sh -c 'echo it is gone >&2; exit 127'" });
  await stack.mustUp();
  assert.equal(mends(), before);
  assert.match(await drifted(), /it cannot be looked at: it is gone/);
  write();
  await stack.mustUp();
  assert.equal(mends(), before + 1);
});

test("destroyed, it leaves the node alone", async () => {
  const before = server.commands.length;
  await stack.mustDestroy();
  assert.equal(server.commands.length, before);
  assert.ok(existsSync(server.path("made")));
});
