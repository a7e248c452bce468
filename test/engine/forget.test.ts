import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { forget } from "../../cli/actions/forget";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { ensureToolchain } from "../../local/toolchain";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { TestHost } from "../unit/host-support";
import { ownOwner } from "../unit/remote-server";

/*
 * A host that is gone for good, in a state of the real Pulumi. Each test goes on from where the one before it stopped.
 */

let target: TestHost;
let stack: TestStack;
let known: KnownStack;
let access: Parameters<typeof forget>[2];

const options = { stack: "forget", node: "two", yes: true };
const names = (): string[] => {
  const { checkpoint } = JSON.parse(stack.stateText()) as {
    checkpoint: { latest: { resources?: { urn: string; type: string }[] } };
  };
  const all = checkpoint.latest.resources ?? [];
  return all
    .flatMap(({ urn, type }) => (type.startsWith("pulumi-nodejs:") ? [urn.replace(/.*::/, "")] : []))
    .sort();
};

before(async () => {
  target = await new TestHost().start();
  stack = await TestStack.make("forget", undefined, join(__dirname, "forget-program.js"));
  await stack.add("one", "127.0.0.141");
  const { host, port, user, privateKey, hostKey } = target.server.endpoint;
  const directory = join(stack.folder, "hosts", "two");
  const login = { host, port, user, privateKey, hostKey, directory };
  const args = { name: "two", address: "127.0.0.1", vips: ["192.0.2.10"], ...login };
  const file = { path: target.server.path("file"), owner: ownOwner() };
  writeFileSync(join(stack.folder, "host.json"), JSON.stringify({ ...args, ...file }));
  await stack.mustUp();
  const two: KnownNode = {
    ...{ name: "two", address: host, host, port, user, hostKey },
    ...{ keyFile: join(directory, "id"), knownHostsFile: join(directory, "known_hosts") },
  };
  // It does not answer as a node does, and nobody else is there.
  const one: KnownNode = { ...two, name: "one", port: 1 };
  known = { vip: "192.0.2.10", url: "https://192.0.2.10", answers: { path: "/ping" }, nodes: [one, two] };
  const { bin } = await ensureToolchain(() => {});
  access = {
    cli: { pulumi: join(bin, "pulumi"), env: stack.env, cwd: stack.folder },
    file: join(stack.folder, "Pulumi.forget.yaml"),
  };
});
after(async () => {
  await stack?.close();
  await target?.stop();
});

test("a node that answers is refused, and so is one of which nobody can say that it does not serve", async () => {
  const before = stack.stateText();
  await assert.rejects(
    forget(known, options, access),
    /two is not gone: it answers over SSH\. Take it out of `nodes`, and `npm run up -- --stack forget` cleans it up/,
  );
  await target.server.pause();
  await assert.rejects(
    forget(known, options, access),
    /no other node answers, so that nobody can say whether two still serves: wait until .*fence-confirm.* you saw for yourself that two is off: `npm run forget -- --stack forget --force two`/,
  );
  await assert.rejects(
    forget(known, { ...options, yes: false, force: true }, access),
    /no terminal to ask on.*3 resources leave the state.*two \(host:Host\).*may still run the service.*--force --yes two/s,
  );
  assert.equal(stack.stateText(), before);
});

test("it leaves the state with all that is on it alone, and nothing else does", async () => {
  assert.deepEqual(names(), ["members", "one", "one-kept", "two", "two-file", "two-kept"]);
  target.server.commands.splice(0);
  assert.equal(await forget(known, { ...options, force: true }, access), 0);
  assert.deepEqual(names(), ["members", "one", "one-kept"]);
  assert.equal(existsSync(join(stack.folder, "hosts", "two")), false, "its key does not stay here");
  assert.deepEqual(target.server.commands, []);
  assert.equal(target.owner, "engine/forget/two", "nothing was done there");
  assert.doesNotMatch(stack.stateText(), /dynamic\/host:Host/);
  await assert.rejects(
    forget(known, { ...options, force: true }, access),
    /has no node two: there is nothing to forget/,
  );
});

test("Pulumi goes on with the rest: a preview, and a destroy that nobody has to help", async () => {
  rmSync(join(stack.folder, "host.json"));
  const { text } = await stack.pulumi("preview");
  assert.match(text, /~ +pulumi-nodejs:dynamic\/vip:Members +members +update/);
  assert.match(text, /~ 1 to update\s+4 unchanged/);
  await stack.mustDestroy();
  assert.deepEqual(stack.hypervisor.machines(), []);
  assert.deepEqual(names(), []);
});
