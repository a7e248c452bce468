import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type FakeContainer, type FakeEngine, startEngine } from "./plugins-engine";
import { type Outcome, PluginStack } from "./plugins-program";
import { type Sshd, startSshd } from "./plugins-sshd";

// One stack, run by the real CLI: each test goes on where the one before ended.
describe("a program on the stand-ins, with the real Pulumi CLI", () => {
  let engine: FakeEngine;
  let sshd: Sshd;
  let stack: PluginStack;
  const sockets = mkdtempSync(join(tmpdir(), "engine-"));

  before(async () => {
    engine = await startEngine(sockets);
    sshd = await startSshd({ docker: engine.socket });
    stack = await PluginStack.make(sshd, engine, {
      stdin: "the first secret",
      trigger: "one",
      env: "PASSWORD=hunter2",
      image: "nginx:1",
    });
  });
  after(async () => {
    stack?.remove();
    await sshd.close();
    await engine.close();
    rmSync(sockets, { recursive: true, force: true });
  });

  const succeed = async (...args: string[]): Promise<Outcome> => {
    const outcome = await stack.pulumi(...args);
    assert.equal(outcome.code, 0, outcome.text);
    return outcome;
  };
  const up = () => succeed("up", "--yes", "--skip-preview");
  const noChanges = async (): Promise<void> => {
    await succeed("preview", "--expect-no-changes");
    await succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    await succeed("preview", "--expect-no-changes");
  };
  const only = (): FakeContainer => {
    const [container, ...others] = engine.containers.values();
    assert.ok(container && others.length === 0);
    return container;
  };
  const made = (name: string): string => readFileSync(join(sshd.home, name), "utf8");

  test("a first preview touches nothing", async () => {
    const { text } = await succeed("preview");
    assert.match(text, /\+ 6 to create/);
    assert.equal(sshd.logins, 0);
    assert.equal(engine.requests.length, 0);
  });

  test("up makes all of it; secrets are not in the state", async () => {
    const { changes, text } = await up();
    assert.equal(changes.created, 6, text);
    assert.equal(made("made"), "the first secret");
    assert.deepEqual(only().Config.Env, ["PASSWORD=hunter2"]);
    assert.equal(only().State.Running, false);
    const state = await stack.state();
    assert.match(state, /command:remote:Command/);
    for (const secret of ["hunter2", "first secret", "PRIVATE KEY"])
      assert.ok(!state.includes(secret), secret);
  });

  test("a second up, a refresh and a preview show no change", async () => {
    const { changes } = await up();
    assert.deepEqual(Object.keys(changes), ["unchanged"]);
    await noChanges();
  });

  test("nor do they after the container was started by somebody else", async () => {
    only().State.Running = true;
    await noChanges();
  });

  test("a change of stdin runs update, in place", async () => {
    stack.settings.stdin = "the second";
    const { changes, text } = await up();
    assert.deepEqual(changes, { updated: 1, unchanged: 5 }, text);
    assert.equal(made("made"), "the second");
    assert.match(text, /stdout.*=> "changed"/);
  });

  test("a change of a trigger replaces, the old command's delete first", async () => {
    stack.settings.trigger = "two";
    const { changes, text } = await up();
    assert.deepEqual(changes, { replaced: 1, unchanged: 5 }, text);
    assert.equal(made("triggered"), "x\ny\nx\n");
  });

  test("a change of the environment replaces the container: stopped with grace, removed, made anew", async () => {
    const before = only();
    engine.requests.length = 0;
    stack.settings.env = "PASSWORD=other";
    const { changes, text } = await up();
    assert.deepEqual(changes, { replaced: 1, unchanged: 5 }, text);
    assert.notEqual(only().Id, before.Id);
    assert.deepEqual(only().Config.Env, ["PASSWORD=other"]);
    const order = engine.requests.filter((request) => /stop|DELETE|create/.test(request));
    assert.deepEqual(order, [
      `POST /containers/${before.Id}/stop?t=30`,
      `DELETE /containers/${before.Id}?force=true&v=true`,
      "POST /containers/create?name=rancher",
    ]);
    await noChanges();
  });

  test("another image replaces the image and the container", async () => {
    engine.registry.add("other:2");
    stack.settings.image = "other:2";
    const { changes, text } = await up();
    assert.deepEqual(changes, { replaced: 2, unchanged: 4 }, text);
    assert.ok(engine.images.has("nginx:1"), "keepLocally keeps the old one");
    await noChanges();
  });

  test("a container removed by hand is dropped by refresh and made again by up", async () => {
    engine.containers.clear();
    await succeed("refresh", "--yes", "--skip-preview");
    const { changes, text } = await up();
    assert.deepEqual(changes, { created: 1, unchanged: 5 }, text);
    assert.equal(only().Name, "/rancher");
  });

  test("a drifted restart policy is shown by refresh and set right by up", async () => {
    only().HostConfig.RestartPolicy.Name = "always";
    await succeed("refresh", "--yes", "--skip-preview");
    const { changes, text } = await up();
    assert.deepEqual(changes, { updated: 1, unchanged: 5 }, text);
    assert.equal(only().HostConfig.RestartPolicy.Name, "no");
  });

  test("a failing command fails the run with its output, and the next run goes on", async () => {
    engine.registry.delete("third:3");
    stack.settings.image = "third:3";
    const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(text, /cannot pull third:3 on 127.0.0.1: manifest for third:3 not found/);
    stack.settings.image = "other:2";
    await up();
    await noChanges();
  });

  test("destroy leaves nothing, and a second one is content", async () => {
    await succeed("destroy", "--yes", "--skip-preview");
    assert.equal(engine.containers.size, 0);
    assert.equal(existsSync(join(sshd.home, "made")), false);
    await succeed("destroy", "--yes", "--skip-preview");
  });
});
