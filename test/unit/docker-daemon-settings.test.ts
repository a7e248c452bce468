import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import {
  type DaemonSettingsInputs,
  type DaemonSettingsOutputs,
  daemonSettings,
} from "../../providers/docker/daemon-settings-provider";
import { TestServer } from "./remote-server";

const server = new TestServer();
const file = server.path("docker/daemon.json");
const log = server.path("log");

before(async () => {
  await server.start();
  writeFileSync(server.path("bin/systemctl"), `#!/bin/sh\necho "$*" >>${log}\n`);
  chmodSync(server.path("bin/systemctl"), 0o755);
});
after(() => server.stop());
beforeEach(() => {
  rmSync(server.path("docker"), { recursive: true, force: true });
  writeFileSync(log, "");
});

const inputs = (...mirrors: string[]): DaemonSettingsInputs => ({
  ssh: server.endpoint,
  file,
  lists: { "registry-mirrors": mirrors },
});
async function create(given: DaemonSettingsInputs): Promise<DaemonSettingsOutputs> {
  const { outs } = await daemonSettings.create(given);
  return outs ?? assert.fail("no outputs");
}
const daemon = (): unknown => JSON.parse(readFileSync(file, "utf8"));
const reloads = (): number => readFileSync(log, "utf8").split("reload docker").length - 1;
function write(content: string): void {
  rmSync(server.path("docker"), { recursive: true, force: true });

  mkdirSync(server.path("docker"));
  writeFileSync(file, content);
}

test("a file is made where there is none, the engine reads it, and it goes with what was in it", async () => {
  const outs = await create(inputs("https://mirror.example.com"));
  assert.deepEqual(daemon(), { "registry-mirrors": ["https://mirror.example.com"] });
  assert.equal(reloads(), 1);
  await daemonSettings.delete("id", outs);
  assert.ok(!existsSync(file));
  assert.equal(reloads(), 2);
});

test("what is there stays: other settings, other mirrors, and those that are the same", async () => {
  const theirs = { "log-driver": "journald", "registry-mirrors": ["https://a", "https://b"] };
  write(JSON.stringify(theirs));
  const outs = await create(inputs("https://b", "https://c"));
  assert.deepEqual(daemon(), { ...theirs, "registry-mirrors": ["https://a", "https://b", "https://c"] });
  assert.deepEqual(outs.added, { "registry-mirrors": ["https://c"] });
  const { outs: changed } = await daemonSettings.update("id", outs, inputs("https://d"));
  assert.deepEqual(daemon(), { ...theirs, "registry-mirrors": ["https://a", "https://b", "https://d"] });
  await daemonSettings.delete("id", changed as DaemonSettingsOutputs);
  assert.deepEqual(daemon(), theirs);
});

test("nothing to add: the file and the engine are left alone", async () => {
  const text = '{"registry-mirrors":["https://a"]}';
  write(text);
  const outs = await create(inputs("https://a"));
  assert.equal(readFileSync(file, "utf8"), text);
  await daemonSettings.delete("id", outs);
  assert.equal(readFileSync(file, "utf8"), text);
  assert.equal(reloads(), 0);
});

test("a file that Docker cannot read is left as it is", async () => {
  for (const [text, words] of [
    ["{", /is no JSON/],
    ["[1]", /no list of settings by name/],
    ['{"registry-mirrors":"https://a"}', /`registry-mirrors` .* is no list of texts/],
  ] as const) {
    write(text);
    await assert.rejects(create(inputs("https://c")), words);
    assert.equal(readFileSync(file, "utf8"), text);
  }
});

test("what somebody took out is drift, and put in again", async () => {
  const given = inputs("https://a", "https://b");
  const outs = await create(given);
  assert.deepEqual((await daemonSettings.read("id", outs)).inputs, given);
  writeFileSync(file, '{"registry-mirrors":["https://b"]}');
  const { props, inputs: found } = await daemonSettings.read("id", outs);
  assert.deepEqual((found as DaemonSettingsInputs).lists, { "registry-mirrors": ["https://b"] });
  const drifted = props as DaemonSettingsOutputs;
  assert.equal((await daemonSettings.diff("id", drifted, given)).changes, true);
  await daemonSettings.update("id", drifted, given);
  assert.deepEqual(daemon(), { "registry-mirrors": ["https://a", "https://b"] });
});
