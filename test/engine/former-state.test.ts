import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { TestHost } from "../unit/host-support";
import { ownOwner } from "../unit/remote-server";

/*
 * A stack as the first release left it: its outputs have no schema, and its code is that release's. The state is today's,
 * with that taken out and put in. Each test goes on from where the one before it stopped.
 */

interface Stored {
  deployment: {
    resources: {
      urn: string;
      type: string;
      outputs?: Record<string, unknown>;
      inputs?: Record<string, unknown>;
    }[];
  };
}

const isOurs = ({ type }: { type: string }): boolean => type.startsWith("pulumi-nodejs:dynamic/");

let target: TestHost;
let stack: TestStack;

const exported = async (): Promise<Stored> =>
  JSON.parse(mustEndWell(await stack.pulumi("stack", "export"))) as Stored;

/** Changes the outputs and the inputs of all dynamic resources in the state. */
async function edit(change: (bag: Record<string, unknown>) => void): Promise<void> {
  const state = await exported();
  for (const { outputs = {}, inputs = {} } of state.deployment.resources.filter(isOurs)) {
    change(outputs);
    change(inputs);
  }
  const file = join(stack.folder, "state.json");
  writeFileSync(file, JSON.stringify(state));
  mustEndWell(await stack.pulumi("stack", "import", "--file", file));
}

before(async () => {
  target = await new TestHost().start();
  stack = await TestStack.make("former-state", undefined, join(__dirname, "former-state-program.js"));
  await stack.add("one", "127.0.0.131");
  const { host, port, user, privateKey } = target.server.endpoint;
  const { one } = JSON.parse(readFileSync(join(stack.folder, "machines.json"), "utf8"));
  const world = {
    machine: one,
    host: {
      ...{ name: "two", address: "127.0.0.1", vips: ["192.0.2.10"], host, port, user, privateKey },
      directory: join(stack.folder, "hosts", "two"),
    },
    file: target.server.path("hello"),
    owner: ownOwner(),
  };
  writeFileSync(join(stack.folder, "world.json"), JSON.stringify(world));
  await stack.mustUp();
});
after(async () => {
  await stack?.close();
  await target?.stop();
});

test("an up takes it over: all is renewed in the state, nothing is replaced, no node is touched", async () => {
  const state = await exported();
  const ours = state.deployment.resources.filter(isOurs);
  assert.equal(ours.length, 6);
  for (const { urn, outputs } of ours) assert.equal(outputs?.schema, 1, urn);
  await edit((bag) => {
    delete bag.schema;
    bag.__provider = `// of the first release\n${bag.__provider}`;
  });
  target.server.commands.splice(0);
  stack.calls();
  const text = await stack.mustUp();
  assert.match(text, /~ 6 updated/);
  assert.doesNotMatch(text, /replaced|created|deleted/);
  assert.deepEqual(target.server.commands, []);
  assert.deepEqual(stack.calls(), []);
  for (const { urn, outputs, inputs } of (await exported()).deployment.resources.filter(isOurs)) {
    assert.equal(outputs?.schema, 1, urn);
    for (const bag of [outputs, inputs]) assert.doesNotMatch(String(bag?.__provider), /first release/, urn);
  }
  await stack.mustBeUnchanged();
});

test("destroy and refresh understand it, with the code of then", async () => {
  await edit((bag) => void delete bag.schema);
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
});

test("outputs of a newer version are refused by name, with the way out, before anything is done", async () => {
  const before = await exported();
  await edit((bag) => {
    if ("schema" in bag) bag.schema = 99;
  });
  target.server.commands.splice(0);
  for (const args of [["up"], ["destroy"]]) {
    const { code, text } = await stack.pulumi(...args, "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(
      text,
      /the stored outputs of this [\w.]+ have the schema 99, .* a newer version of ha-rancher made them/,
    );
    assert.match(text, /Use that version, or a newer one, for this stack; nothing was changed/);
  }
  assert.deepEqual(target.server.commands, []);
  writeFileSync(join(stack.folder, "state.json"), JSON.stringify(before));
  mustEndWell(await stack.pulumi("stack", "import", "--file", join(stack.folder, "state.json")));
  await stack.mustDestroy();
  assert.equal(target.owner, "");
});
