import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
/** What the engine says of live restore, and of the swarm that it is in. */
const engine = server.path("engine");

before(async () => {
  await server.start();
  writeFileSync(server.path("bin/systemctl"), `#!/bin/sh\necho "$*" >>${log}\n`);
  writeFileSync(server.path("bin/docker"), `#!/bin/sh\n[ "$1" = info ] && cat ${engine}\n`);
  for (const name of ["systemctl", "docker"]) chmodSync(server.path(`bin/${name}`), 0o755);
});
after(() => server.stop());
beforeEach(() => {
  rmSync(server.path("docker"), { recursive: true, force: true });
  writeFileSync(log, "");
  writeFileSync(engine, "false inactive\n");
});

const inputs = (...mirrors: string[]): DaemonSettingsInputs => ({
  ssh: server.endpoint,
  file,
  lists: { "registry-mirrors": mirrors },
  liveRestore: false,
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

test("the file is as open as it was, and one that is made anew is for all", async () => {
  for (const mode of [0o600, 0o640]) {
    write('{"proxies":{"http-proxy":"http://user:secret@proxy"}}');
    chmodSync(file, mode);
    await create(inputs("https://a"));
    assert.equal(statSync(file).mode & 0o777, mode);
  }
  rmSync(file);
  await create(inputs("https://a"));
  assert.equal(statSync(file).mode & 0o777, 0o644);
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

test("another key is stored, and nothing else changes: the state must not keep one that is refused by now", async () => {
  const given = inputs("https://a");
  const outs = await create(given);
  const otherKey = { ...given, ssh: { ...given.ssh, privateKey: "another" } };
  assert.deepEqual(await daemonSettings.diff("id", outs, given), { changes: false, replaces: [] });
  assert.deepEqual(await daemonSettings.diff("id", outs, otherKey), { changes: true, replaces: [] });
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

const restoring = (): DaemonSettingsInputs => ({ ...inputs(), lists: {}, liveRestore: true });

test("containers outlive the engine, which needs no restart for that", async () => {
  write('{"log-driver":"journald"}');
  const outs = await create(restoring());
  assert.deepEqual(daemon(), { "log-driver": "journald", "live-restore": true });
  assert.equal(readFileSync(log, "utf8").trim().split("\n").at(-1), "reload docker");
  writeFileSync(engine, "true inactive\n");
  // It stays while something else changes.
  const { outs: changed } = await daemonSettings.update("id", outs, { ...restoring(), lists: { a: ["b"] } });
  assert.deepEqual(daemon(), { "log-driver": "journald", a: ["b"], "live-restore": true });
  await daemonSettings.delete("id", changed as DaemonSettingsOutputs);
  assert.deepEqual(daemon(), { "log-driver": "journald" });
});

test("whoever has said whether containers outlive the engine is right; a swarm goes without", async () => {
  for (const [text, says] of [
    ['{"live-restore":false}', "false inactive"],
    ['{"live-restore":true}', "true inactive"],
    // By its command line: Docker does not start if both say it.
    ["{}", "true inactive"],
    ["{}", "false active"],
  ] as const) {
    write(text);
    writeFileSync(engine, says);
    const outs = await create(restoring());
    assert.equal(readFileSync(file, "utf8"), text);
    assert.deepEqual((await daemonSettings.read("id", outs)).inputs, restoring(), "and it is no drift");
    await daemonSettings.delete("id", outs);
    assert.equal(readFileSync(file, "utf8"), text);
  }
  assert.equal(reloads(), 0);
});

test("a live restore that somebody took out is drift, and put in again", async () => {
  const outs = await create(restoring());
  writeFileSync(engine, "true inactive\n");
  rmSync(file);
  const drifted = (await daemonSettings.read("id", outs)).props as DaemonSettingsOutputs;
  assert.equal((await daemonSettings.diff("id", drifted, restoring())).changes, true);
  await daemonSettings.update("id", drifted, restoring());
  assert.deepEqual(daemon(), { "live-restore": true });
  writeFileSync(file, '{"live-restore":false}');
  assert.deepEqual((await daemonSettings.read("id", outs)).inputs, restoring(), "said otherwise, it stays");
  await daemonSettings.delete("id", outs);
  assert.deepEqual(daemon(), { "live-restore": false });
});
