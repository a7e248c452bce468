import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { labHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { type RunResult, run } from "../../local/run";
import { data, haRancher, healthy, inLab, onNode, quietly, stack } from "../lab/command";
import { drill } from "../lab/drilled";
import { remembered, set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { labOfTests } from "../lab/turn";
import { withStack } from "../lab/with-stack";

/*
 * Secrets on real machines: each has a value that is looked for in everything that was written and is running, after an `up`, a
 * drill, a backup and errors; then a machine's key and the passphrase are changed, once with a kill in the middle.
 */

const names = ["rancher-1", "rancher-2"];
const token = "planted-7f3a91c2";
const healthyWithin = 240;

/** What the commands of this test printed. */
const printed: string[] = [];

async function command(name: string, ...args: string[]): Promise<RunResult> {
  const result = await haRancher(name, ...args);
  printed.push(result.stdout, result.stderr);
  return result;
}

const below = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? below(path) : entry.isFile() ? [path] : [];
  });

/** The files of the user that hold a secret, and must: nobody else may read them. */
const holders = [/^ha-rancher\/passphrase/, /\/id_ed25519/];

/** Where the machines' folders are, with their keys. */
const machines = (): string => join(labHome(), "machines", stack);
const keyOf = (name: string): string => join(machines(), name, "id_ed25519");

/** The secrets by name, as they are now: of a key a line that no other one has. */
async function secrets(): Promise<Record<string, string>> {
  const password = await inLab("pulumi", "stack", "output", "bootstrapPassword", "--show-secrets");
  assert.equal(password.code, 0, password.stderr);
  return {
    ...{ token, password: password.stdout.trim() },
    passphrase: readFileSync(join(data, "ha-rancher", "passphrase"), "utf8").trim(),
    ...Object.fromEntries(
      names.map((name) => [name, readFileSync(keyOf(name), "utf8").split("\n")[3] ?? ""]),
    ),
  };
}

/** All texts that were written, or that others can see, by where. Files of nodes: those that nobody in particular can read. */
async function written(): Promise<[where: string, text: string][]> {
  const files = [...below(data), ...below(machines())].map((path): [string, string] => {
    const name = relative(data, path);
    const isHolder = holders.some((each) => each.test(name));
    if (isHolder) assert.equal(statSync(path).mode & 0o077, 0, name);
    return [name, isHolder ? "" : readFileSync(path, "latin1")];
  });
  const nodes = await Promise.all(
    names.flatMap((name) =>
      [
        "ps -eww -o args",
        "journalctl --no-pager --output cat",
        "runuser -u nobody -- find /etc /run /tmp /var/log /var/lib/ha-rancher /usr/local -xdev -type f -exec cat {} + 2>/dev/null || true",
      ].map(async (each): Promise<[string, string]> => [`${name}: ${each}`, await onNode(name, each)]),
    ),
  );
  const here = (await run("ps", ["-eww", "-o", "args"])).stdout;
  return [...files, ...nodes, ["ps", here], ["what was printed", printed.join("\n")]];
}

async function mustBeNowhere(when: string): Promise<void> {
  const all = Object.entries(await secrets());
  for (const [name, value] of all) assert.ok(value.length >= 12, `${name} has no value to look for`);
  for (const [where, text] of await written())
    for (const [name, value] of all) assert.equal(text.includes(value), false, `${name} in ${where} ${when}`);
}

withStack();

step("after an up no secret is in a state, a log, a report or a command line", async () => {
  assert.equal((await command("up")).code, 0);
  // In clear it would be in Pulumi's history, as all settings are.
  const setting = ["--path", "ha-rancher:extraEnvironment.PLANTED", token];
  const { code, stderr } = await inLab("pulumi", "config", "set", "--secret", ...setting);
  assert.equal(code, 0, stderr);
  assert.equal((await command("up")).code, 0);
  await healthy(healthyWithin);
  // It is where it must be, so that this test can fail.
  const found = await onNode("rancher-1", "docker ps -aq | xargs docker inspect");
  assert.ok(found.includes(token), "the container does not have it");
  await mustBeNowhere("after up");
});

step("after a drill and a backup, too", async () => {
  const { code } = await drill("--fault", "container-kill", "--trials", "1");
  assert.equal(code, 0);
  await healthy(healthyWithin);
  assert.equal((await command("backup", "--to", join(data, "backup.tar"))).code, 0);
  assert.equal((await command("logs", "--since", "1h")).code, 0);
  await mustBeNowhere("after a drill and a backup");
});

step("after errors, too: of a setting, of a start, of a policy", async () => {
  const back = remembered();
  set({ extraEnvironment: { "1": token } });
  assert.notEqual((await command("up")).code, 0);
  back();
  set({ image: "ha-rancher/rancher-stand-in:none" });
  assert.notEqual((await command("up")).code, 0);
  set({ image: undefined });
  assert.equal((await command("up")).code, 0);
  await healthy(healthyWithin);
  await mustBeNowhere("after errors");
});

/** Whether a node lets in who has this key. */
async function letsIn(name: string, key: string): Promise<boolean> {
  const { stdout } = await inLab("pulumi", "stack", "output", "nodes", "--json");
  const ssh = (JSON.parse(stdout) as { name: string; ssh: string }[]).find((node) => node.name === name)?.ssh;
  assert.ok(ssh);
  const { code, stderr } = await inLab(
    "sh",
    "-c",
    `${ssh.replaceAll(keyOf(name), key)} -o BatchMode=yes true`,
  );
  assert.ok(code === 0 || /Permission denied/.test(stderr), stderr);
  return code === 0;
}

const bootOf = (name: string): Promise<string> => onNode(name, "cat /proc/sys/kernel/random/boot_id");

/** Who serves, and since which epoch: what a rotation must not change. */
const standing = async (): Promise<unknown> => {
  const { holders: vip, nodes } = await healthy(healthyWithin);
  return [vip, nodes.map(({ name, status }) => [name, status?.lease?.epoch, status?.lease?.heldHere])];
};

step("each machine gets a new key; the former one is refused, and the service goes on", async () => {
  for (const name of names) {
    const former = join(data, `former-of-${name}`);
    copyFileSync(keyOf(name), former);
    assert.equal(await letsIn(name, former), true);
    const before = [await bootOf(name), await standing()];
    assert.equal((await command("rotate", name)).code, 0);
    assert.deepEqual([await bootOf(name), await standing()], before, name);
    assert.equal(await letsIn(name, keyOf(name)), true);
    assert.equal(await letsIn(name, former), false);
  }
  assert.equal((await inLab("pulumi", "preview", "--expect-no-changes")).code, 0);
});

step("a rotation that is killed when the machine has both keys goes on", async () => {
  const former = join(data, "former-of-killed");
  copyFileSync(keyOf("rancher-1"), former);
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const env = { ...process.env, HA_RANCHER_LAB_NAME: labOfTests, XDG_DATA_HOME: data };
  const child = spawn(process.execPath, [program, "rotate", "--stack", stack, "rancher-1"], {
    ...{ cwd: packageRoot, env, detached: true },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  createInterface({ input: child.stdout }).on("line", (line) => {
    console.log(line);
    if (/putting its new SSH key on it/.test(line)) process.kill(-(child.pid ?? 0), "SIGKILL");
  });
  await ended;
  // The provider of a killed Pulumi goes on for a moment. An ssh that reads the key's file twice meanwhile signs with the new key
  // for the former one.
  const end = Date.now() + 60_000;
  while (!(await letsIn("rancher-1", keyOf("rancher-1"))))
    assert.ok(Date.now() < end, "somebody is locked out");
  assert.equal((await command("rotate", "--wait", "rancher-1")).code, 0);
  assert.equal(await letsIn("rancher-1", keyOf("rancher-1")), true);
  assert.equal(await letsIn("rancher-1", former), false);
});

step("the passphrase is changed; the stack is as it was", async () => {
  const before = readFileSync(join(data, "ha-rancher", "passphrase"), "utf8");
  assert.equal((await command("rotate", "passphrase")).code, 0);
  assert.notEqual(readFileSync(join(data, "ha-rancher", "passphrase"), "utf8"), before);
  assert.equal((await inLab("pulumi", "preview", "--expect-no-changes")).code, 0);
  assert.equal((await command("up")).code, 0);
  assert.equal((await quietly("rotate", "bootstrap-password")).code, 1);
  await mustBeNowhere("after rotations");
});
