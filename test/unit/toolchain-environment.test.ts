import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { passedOn } from "../../local/child-environment";
import { chooseBackend, pulumiEnvironment } from "../../local/toolchain/environment";
import { ownHome, put, withEnvironment } from "./cli-support";

const toolchain = { bin: "/tools/bin", version: "3.220.0", origin: "build" } as const;
const inLab = { HA_RANCHER_LAB: "/lab.json" };

test("without a login state is kept in local files, with a passphrase made once", (t) => {
  const home = ownHome(t);
  withEnvironment(t, { PATH: "/usr/bin:/tools/bin:/bin" });
  const env = pulumiEnvironment(toolchain);
  const backend = join(home, "data", "ha-rancher", "backend");
  assert.equal(env.PATH, "/tools/bin:/usr/bin:/bin");
  assert.equal(env.PULUMI_BACKEND_URL, `file://${backend}`);
  assert.ok(existsSync(backend));
  assert.equal(env.PULUMI_HOME, join(home, "cache", "ha-rancher", "pulumi"));
  assert.equal(env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION, undefined);
  const file = env.PULUMI_CONFIG_PASSPHRASE_FILE ?? "";
  const passphrase = readFileSync(file, "utf8");
  assert.match(passphrase, /^[\w-]{43}\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(
    readFileSync(pulumiEnvironment(toolchain).PULUMI_CONFIG_PASSPHRASE_FILE ?? "", "utf8"),
    passphrase,
  );
});

test("what would move all nodes' containers to another engine, or offer the user's keys, is left out", (t) => {
  ownHome(t);
  const misleading = {
    DOCKER_CONTEXT: "mine",
    DOCKER_HOST: "tcp://x",
    DOCKER_CERT_PATH: "/x",
    SSH_AUTH_SOCK: "/a",
  };
  withEnvironment(t, { ...misleading, AWS_PROFILE: "state" });
  const env = pulumiEnvironment(toolchain);
  for (const name of Object.keys(misleading)) assert.ok(!(name in env), name);
  assert.equal(env.AWS_PROFILE, "state", "a backend may need it");
});

test("Vagrant gets a list of variables, and no tokens of the user's", () => {
  const passed = {
    PATH: "/bin",
    LC_ALL: "C",
    VAGRANT_HOME: "/v",
    XDG_CACHE_HOME: "/c",
    HTTPS_PROXY: "http://p",
    SystemRoot: "C",
  };
  const kept = [
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "SSH_AUTH_SOCK",
  ];
  assert.deepEqual(
    passedOn({ ...passed, ...Object.fromEntries(kept.map((name) => [name, "secret"])) }),
    passed,
  );
});

test("overrides win, and the lab has no downloads", (t) => {
  ownHome(t);
  const env = pulumiEnvironment(toolchain, { ...inLab, PULUMI_HOME: "/other", EXTRA: "1" });
  assert.equal(env.PULUMI_HOME, "/other");
  assert.equal(env.EXTRA, "1");
  assert.equal(env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION, "true");
});

test("the user's own passphrase is left alone, also an empty one", (t) => {
  const home = ownHome(t);
  for (const variables of [
    { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: undefined },
    { PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: "/mine" },
  ]) {
    withEnvironment(t, variables);
    const env = pulumiEnvironment(toolchain);
    assert.equal(env.PULUMI_CONFIG_PASSPHRASE, variables.PULUMI_CONFIG_PASSPHRASE);
    assert.equal(env.PULUMI_CONFIG_PASSPHRASE_FILE, variables.PULUMI_CONFIG_PASSPHRASE_FILE);
  }
  assert.ok(!existsSync(join(home, "data", "ha-rancher", "passphrase")));
});

test("a login is respected outside of the lab, and named in it", (t) => {
  const home = ownHome(t);
  put(join(home, ".pulumi", "credentials.json"), JSON.stringify({ current: "https://api.example" }));
  assert.deepEqual(chooseBackend(false), { url: "https://api.example", local: false });
  const env = pulumiEnvironment(toolchain);
  assert.equal(env.PULUMI_BACKEND_URL, "https://api.example");
  assert.equal(env.PULUMI_CREDENTIALS_PATH, join(home, ".pulumi"));
  const inside = chooseBackend(true);
  assert.equal(inside.notUsed, "https://api.example");
  assert.ok(inside.local);
  assert.equal(pulumiEnvironment(toolchain, inLab).PULUMI_BACKEND_URL, inside.url);
});

test("a login to local files is respected everywhere, a token means Pulumi Cloud", (t) => {
  const home = ownHome(t);
  put(join(home, ".pulumi", "credentials.json"), JSON.stringify({ current: "file:///elsewhere" }));
  assert.deepEqual(chooseBackend(true), { url: "file:///elsewhere", local: true });
  withEnvironment(t, { PULUMI_ACCESS_TOKEN: "pul-1" });
  assert.equal(chooseBackend(false).url, "https://api.pulumi.com");
});

test("PULUMI_BACKEND_URL wins, and is refused where it cannot be reached", (t) => {
  const home = ownHome(t);
  put(join(home, ".pulumi", "credentials.json"), JSON.stringify({ current: "https://api.example" }));
  withEnvironment(t, { PULUMI_BACKEND_URL: "file:///named" });
  assert.deepEqual(chooseBackend(true), { url: "file:///named", local: true });
  withEnvironment(t, { PULUMI_BACKEND_URL: "s3://bucket" });
  assert.deepEqual(chooseBackend(false), { url: "s3://bucket", local: false });
  assert.throws(() => chooseBackend(true), /`PULUMI_BACKEND_URL` is s3:\/\/bucket.*unset it/);
});
