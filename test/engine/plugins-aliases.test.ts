import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type FakeEngine, startEngine } from "./plugins-engine";
import { type Outcome, PluginStack } from "./plugins-program";
import { type Sshd, startSshd } from "./plugins-sshd";

const beginning = `
const pulumi = require("@pulumi/pulumi");
const command = require("@pulumi/command");
const docker = require("@pulumi/docker");
const { Password } = require("ha-rancher/providers/password");
const { settings, connection, host, sshOpts } = JSON.parse(require("node:fs").readFileSync("settings.json", "utf8"));
`;

/** What is the same in both programs: \`at\` gives the name and options of a resource. */
const rest = `
const password = new Password(...at(whole, "bootstrap-password", (name, options) => [name, {}, { ...options, protect: true }]));
const provider = new docker.Provider(...at(service, "one-docker", (name, options) => [name, { host, sshOpts }, options]));
const image = new docker.RemoteImage(
  ...at(service, "one-image", (name, options) => [name, { name: settings.image, keepLocally: true }, { ...options, provider }]),
);
const container = new docker.Container(
  ...at(service, "one-rancher-1a2b3c4d", (name, options) => [
    name,
    { name: "rancher-1a2b3c4d", image: image.imageId, start: false, mustRun: false, restart: "no", destroyGraceSeconds: 30 },
    { ...options, provider },
  ]),
);
new command.remote.Command(
  ...at(service, "one-lease-mounted", (name, options) => [
    name,
    { connection, create: "echo made >> commands", delete: "echo gone >> commands", addPreviousOutputInEnv: false },
    { ...options, dependsOn: container },
  ]),
);
exports.password = pulumi.unsecret(password.value);
exports.containerId = container.id;
`;

/** As the program named its resources before their names began with their component's. */
const former = `${beginning}
const whole = new pulumi.ComponentResource("ha-rancher:components:HaRancher", "ha-rancher");
const service = new pulumi.ComponentResource("ha-rancher:components:Rancher", "rancher", {}, { parent: whole });
const at = (parent, name, args) => args(name, { parent });
${rest}`;

const present = `${beginning}
const { Component } = require("./node_modules/ha-rancher/dist/components/component.js");
const whole = new Component("HaRancher", "ha-rancher", {});
const alias = { type: "ha-rancher:components:Rancher", name: "rancher" };
const service = new Component("Service", whole.childName("rancher"), {}, { parent: whole, aliases: [alias] });
const at = (parent, name, args) => args(parent.childName(name), parent.childOptions(name));
${rest}`;

describe("a stack whose resources get their component's name", () => {
  let engine: FakeEngine;
  let sshd: Sshd;
  let stack: PluginStack;
  const sockets = mkdtempSync(join(tmpdir(), "engine-"));

  before(async () => {
    engine = await startEngine(sockets);
    sshd = await startSshd({ docker: engine.socket });
    const settings = { stdin: "", trigger: "", env: "", image: "nginx:1" };
    stack = await PluginStack.make(sshd, engine, settings, former);
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
  const outputs = async (): Promise<unknown> => JSON.parse((await succeed("stack", "output", "--json")).text);

  test("keeps each of them: nothing is made, removed or replaced, and a second up has nothing to do", async () => {
    await succeed("up", "--yes", "--skip-preview");
    const before = await outputs();
    engine.requests.length = 0;
    stack.write(present);
    const { changes, text } = await succeed("up", "--yes", "--skip-preview");
    assert.deepEqual(
      Object.keys(changes).filter((kind) => !["unchanged", "updated"].includes(kind)),
      [],
      text,
    );
    assert.deepEqual(await outputs(), before);
    assert.deepEqual(
      engine.requests.filter((request) => /DELETE|create|stop/.test(request)),
      [],
    );
    const state = await stack.state();
    assert.match(
      state,
      /components:Service\$docker:index\/container:Container::ha-rancher-rancher-one-rancher-/,
    );
    await succeed("preview", "--expect-no-changes");
    await succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  });
});
