import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { rotateKey } from "../../cli/actions/rotate-machine";
import { changePassphrase } from "../../cli/actions/rotate-passphrase";
import { publicKeyOf } from "../../domain/private-key";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { nextPassphraseFile, passphraseFile } from "../../local/paths";
import { ensureToolchain } from "../../local/toolchain";
import { keyFile } from "../../providers/vagrant/folder";
import { ownHome, put } from "../unit/cli-support";

/* Secrets are changed with Pulumi itself. */

/** A machine's key; and Pulumi is killed when the machine has the new one, and nobody has noted that. */
async function machineKey(t: TestContext): Promise<void> {
  const stack = await TestStack.make("rotate");
  t.after(() => stack.close());
  await stack.add("one", "127.0.0.121");
  await stack.mustUp();
  const directory = stack.directoryOf("one");
  const letIn = (): string[] =>
    stack.hypervisor.named("one").authorized.map((line) => line.split(" ").slice(0, 2).join(" "));
  const key = (): string => publicKeyOf(readFileSync(keyFile(directory), "utf8"));
  const rotate = async (apply = () => stack.mustUp()): Promise<void> =>
    await rotateKey(
      { name: "one", directory },
      async () => void (await apply()),
      () => {},
    );
  stack.calls();

  await t.test("two ups: the new key, and the former one away; the machine goes on", async () => {
    const before = key();
    const { uuid } = stack.hypervisor.named("one");
    await rotate();
    assert.notEqual(key(), before);
    assert.deepEqual(letIn(), [key()]);
    assert.equal(stack.hypervisor.named("one").uuid, uuid);
    assert.deepEqual(
      stack.calls().filter((call) => !call.includes("virsh")),
      [],
      "Vagrant has nothing to do with it",
    );
    await stack.mustRefresh();
    await stack.mustBeUnchanged();
    assert.doesNotMatch(stack.stateText(), /PRIVATE KEY/);
  });

  await t.test("killed in the middle, and done again", async () => {
    const before = key();
    const killed = rotate(async () => {
      const child = stack.start("up", "--yes", "--skip-preview");
      stack.guests.afterKeys = async () => {
        child.kill("SIGKILL");
        // It never hears that it is done.
        await new Promise(() => {});
      };
      const { text } = await stack.finish(child);
      throw new Error(`killed: ${text}`);
    });
    await assert.rejects(killed, /killed/);
    stack.guests.afterKeys = () => {};
    assert.equal(key(), before, "the folder has the former key");
    assert.equal(letIn().length, 2, "and both are let in");
    await stack.pulumi("cancel", "--yes");
    await stack.mustUp("--refresh");
    await rotate();
    assert.notEqual(key(), before);
    assert.deepEqual(letIn(), [key()]);
    await stack.mustBeUnchanged();
    await stack.mustDestroy();
  });
}

const yaml = (folder: string): string => join(folder, "Pulumi.one.yaml");

/** The passphrase of a stack with a secret in its file and one in its state. */
async function passphrase(t: TestContext): Promise<void> {
  // Before this home has no cache of it.
  const { bin } = await ensureToolchain(() => {});
  const folder = ownHome(t);
  put(passphraseFile(), "the former one\n");
  put(join(folder, "Pulumi.yaml"), "name: ha-rancher\nruntime: yaml\n");
  const url = `file://${join(folder, "backend")}`;
  put(join(folder, "backend", ".keep"), "");
  const cli = { pulumi: join(bin, "pulumi"), env: { ...process.env, PULUMI_BACKEND_URL: url }, cwd: folder };
  const pulumi = (...args: string[]): string => {
    const env = {
      ...cli.env,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PATH: `${bin}:${process.env.PATH}`,
    };
    const { status, stdout, stderr } = spawnSync(cli.pulumi, [...args, "--non-interactive"], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  pulumi("stack", "init", "one");
  pulumi("config", "set", "--secret", "--stack", "one", "token", "hush-hush");
  const state = join(folder, "state.json");
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: '"of the state"',
  };
  const exported = JSON.parse(pulumi("stack", "export", "--stack", "one"));
  const urn = "urn:pulumi:one::ha-rancher::pulumi:pulumi:Stack::ha-rancher-one";
  exported.deployment.resources = [
    { urn, custom: false, type: "pulumi:pulumi:Stack", outputs: { token: secret } },
  ];
  writeFileSync(state, JSON.stringify(exported));
  pulumi("stack", "import", "--stack", "one", "--file", state);

  const stacks = [{ name: "one", backend: { url, local: true }, file: yaml(folder) }];
  const mustRead = (): void => {
    assert.equal(pulumi("config", "get", "--stack", "one", "token").trim(), "hush-hush");
    assert.match(pulumi("stack", "export", "--stack", "one", "--show-secrets"), /of the state/);
    for (const file of [yaml(folder), join(folder, "backend/.pulumi/stacks/ha-rancher/one.json")])
      assert.doesNotMatch(readFileSync(file, "utf8"), /hush-hush|of the state/);
  };
  mustRead();
  const kept = await changePassphrase(
    () => stacks,
    cli,
    () => {},
  );
  assert.equal(readFileSync(kept, "utf8"), "the former one\n");
  assert.notEqual(readFileSync(passphraseFile(), "utf8"), "the former one\n");
  assert.equal(existsSync(nextPassphraseFile()), false);
  mustRead();
  await changePassphrase(
    () => stacks,
    cli,
    () => {},
  );
  mustRead();
}

describe("secrets are changed", { concurrency: 1, timeout: 900_000 }, () => {
  it("a machine's SSH key", machineKey);
  it("the passphrase of the state", passphrase);
});
