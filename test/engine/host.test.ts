import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { TestHost } from "../unit/host-support";

/*
 * A host as a resource of the real Pulumi: an SSH server on the loopback in place of the host. Each test goes on from
 * where the one before it stopped.
 */

let target: TestHost;
let stack: TestStack;

function write(changes: object = {}): void {
  const { host, port, user, privateKey } = target.server.endpoint;
  const directory = join(stack.folder, "hosts", "one");
  const args = {
    name: "one",
    address: "127.0.0.1",
    vips: ["192.0.2.10"],
    host,
    port,
    user,
    privateKey,
    directory,
  };
  writeFileSync(join(stack.folder, "hosts.json"), JSON.stringify({ one: { ...args, ...changes } }));
}

const recorded = (): { outputs: Record<string, unknown> } | undefined => {
  const { checkpoint } = JSON.parse(stack.stateText()) as {
    checkpoint: { latest: { resources?: { type: string; outputs: Record<string, unknown> }[] } };
  };
  return checkpoint.latest.resources?.find(({ type }) => type === "pulumi-nodejs:dynamic/host:Host");
};

before(async () => {
  // Before the stack: what runs on the host takes its environment from this process.
  target = await new TestHost().start();
  stack = await TestStack.make("host", undefined, join(__dirname, "host-program.js"));
  write();
});

after(async () => {
  await stack?.close();
  await target?.stop();
});

test("a preview touches nothing; up takes the host, and a second one finds nothing to do", async () => {
  const { code } = await stack.pulumi("preview");
  assert.equal(code, 0);
  assert.equal(target.server.logins, 0);
  await stack.mustUp();
  assert.equal(recorded()?.outputs.interface, "lo");
  assert.equal(target.owner, "engine/host/one");
  await stack.mustUp("--expect-no-changes");
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
});

test("the private key is nowhere in the state in clear", () => {
  const [, middle = ""] = target.server.endpoint.privateKey.split("\n");
  assert.ok(middle.length > 40);
  assert.equal(stack.stateText().includes(middle), false);
  assert.equal(readFileSync(join(stack.folder, "hosts", "one", "id"), "utf8").includes(middle), true);
});

test("another address is looked for on the host, in place", async () => {
  write({ address: "192.0.2.77" });
  const { code, text } = await stack.up();
  assert.notEqual(code, 0);
  assert.match(text, /none of its interfaces has the node's `address` 192\.0\.2\.77/);
  write();
  await stack.mustUp("--expect-no-changes");
});

test("another host under the same name is refused, and the old one stays", async () => {
  write({ host: "192.0.2.99" });
  const { code, text } = await stack.up();
  assert.notEqual(code, 0);
  assert.match(text, /give the new host a `name` of its own/);
  assert.doesNotMatch(text, /at Object\.|node:internal/);
  assert.equal(target.owner, "engine/host/one");
  write();
});

test("removed from the program: it is given back, and was never restarted", async () => {
  target.takeLog();
  writeFileSync(join(stack.folder, "hosts.json"), "{}");
  await stack.mustUp();
  assert.equal(target.owner, "");
  assert.match(target.takeLog().join(), /gpasswd --delete admin docker/);
  assert.equal(existsSync(join(stack.folder, "hosts")), false);
  assert.doesNotMatch(target.server.commands.join(), /reboot|poweroff|shutdown/);
});
