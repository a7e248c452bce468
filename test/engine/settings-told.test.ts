import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { foundSettings } from "../../cli/pulumi/told-settings";
import { Failure } from "../../local/errors";
import { SettingsError } from "../../settings";
import { put, temporaryFolder, withEnvironment } from "../unit/cli-support";
import { FakeCloud } from "./fake-cloud";

/*
 * Settings from where only Pulumi can read them, with the real CLI. There is no ESC here but a server that answers as Pulumi's
 * service does, as far as `pulumi config` asks it.
 */

const nodes = [
  { name: "a", address: "192.168.56.11" },
  { name: "b", address: "192.168.56.12" },
];

async function withCloud(t: TestContext): Promise<{ cloud: FakeCloud; folder: string }> {
  const folder = temporaryFolder(t);
  const cloud = new FakeCloud();
  withEnvironment(t, {
    HA_RANCHER_LAB: undefined,
    PULUMI_BACKEND_URL: await cloud.start(),
    PULUMI_ACCESS_TOKEN: "pul-of-the-tests",
    PULUMI_CREDENTIALS_PATH: folder,
  });
  t.after(() => cloud.stop());
  return { cloud, folder };
}

function withFiles(t: TestContext): string {
  const folder = temporaryFolder(t);
  withEnvironment(t, {
    HA_RANCHER_LAB: undefined,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "of the tests",
  });
  return folder;
}

async function mistakesOf(found: Promise<unknown>): Promise<string> {
  let text = "";
  await assert.rejects(found, (error) => {
    text = (error as Error).message;
    return error instanceof SettingsError || error instanceof Failure;
  });
  return text;
}

test("a stack's file and the environments that it imports are read as Pulumi reads them", async (t) => {
  const { cloud, folder } = await withCloud(t);
  cloud.stacks.add("told");
  cloud.settings = {
    "ha-rancher:nodes": nodes,
    "ha-rancher:registryLogin": { username: "me", password: { secret: "hunter22hunter22" } },
    "ha-rancher:image": "registry.example.org/rancher/rancher:v2.12.3",
    "ha-rancher:preset": "steady",
  };
  const file = put(
    join(folder, "told.yaml"),
    "environment: [shared]\nconfig:\n  ha-rancher:vip: 192.168.56.10/24\n  ha-rancher:preset: fast\n",
  );
  const { settings, inFile, fileFlags } = await foundSettings("told", { configFile: file });
  assert.equal(inFile, false);
  assert.deepEqual(fileFlags, ["--config-file", file]);
  assert.deepEqual(
    settings.nodes.map(({ address }) => address),
    ["192.168.56.11", "192.168.56.12"],
  );
  assert.equal(settings.advertInterval, 0.2, "the file wins over what it imports");
  assert.equal(settings.registryLogin?.username, "me");
});

test("mistakes in both are told at once, and a stack that was not there is not there afterwards", async (t) => {
  const { cloud, folder } = await withCloud(t);
  cloud.settings = { "ha-rancher:nodes": nodes.slice(1), "ha-rancher:memory": "much" };
  const file = put(join(folder, "told.yaml"), "environment: [shared]\nconfig:\n  ha-rancher:cpus: many\n");
  const found = await mistakesOf(foundSettings("fresh", { configFile: file }));
  for (const name of ["vip", "nodes", "memory", "cpus"])
    assert.match(found, new RegExp(`\`${name}\``), found);
  assert.match(found, /`cpus` \(line 3\)/);
  assert.ok(cloud.calls.some((call) => call.startsWith("POST /api/stacks/me/ha-rancher ")));
  assert.deepEqual([...cloud.stacks], []);
});

test("where the backend knows no environments, Pulumi's words are told, and nothing is made", async (t) => {
  const folder = withFiles(t);
  const file = put(join(folder, "told.yaml"), "environment: [shared]\n");
  assert.match(
    await mistakesOf(foundSettings("esc", { configFile: file })),
    /cannot read the settings of the stack esc; nothing was changed: .*does not support environments/,
  );
});

test("another file, and settings beside it, need no Pulumi", async (t) => {
  const folder = withFiles(t);
  const text = `config:\n  ha-rancher:vip: 192.168.56.10/24\n  ha-rancher:nodes:\n${nodes.map(({ name, address }) => `    - { name: ${name}, address: ${address} }\n`).join("")}`;
  const file = put(join(folder, "other.yaml"), text);
  const { settings, inFile, configFlags } = await foundSettings("x", {
    configFile: file,
    config: ["preset=steady", "ha-rancher:httpPort=80"],
  });
  assert.equal(inFile, true);
  assert.deepEqual([settings.advertInterval, settings.httpPort], [1, 80]);
  assert.deepEqual(configFlags, ["--config", "preset=steady", "--config", "ha-rancher:httpPort=80"]);
  assert.match(
    await mistakesOf(foundSettings("x", { configFile: file, config: ["docker:host=x"] })),
    /`--config` must be KEY=VALUE of a setting/,
  );
  assert.match(
    await mistakesOf(foundSettings("x", { configFile: join(folder, "none.yaml") })),
    /`--config-file`: there is no /,
  );
});

test("a stack without a file has the settings that are given, and all others are missing", async (t) => {
  withFiles(t);
  assert.match(
    await mistakesOf(foundSettings("no-such-stack", {})),
    /there is no Pulumi\.no-such-stack\.yaml/,
  );
});
