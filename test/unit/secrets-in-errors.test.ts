import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { shownError } from "../../local/errors";
import { run } from "../../local/run";
import { files } from "../../providers/remote/files-provider";
import { exec } from "../../providers/remote/ssh";
import { pour } from "../../providers/remote/transfer";
import { checkInputs } from "../../providers/vagrant/check-inputs";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings } from "../../settings";
import { put, temporaryFolder } from "./cli-support";
import { failure } from "./remote-files-support";
import { ownOwner, TestServer } from "./remote-server";
import { machineInputs } from "./vagrant-fixture";

/* An error of each kind, where a secret is at hand: what people get to see of it never has the secret. */

const secret = "planted-a7c1";
const server = new TestServer();
before(() => server.start());
after(() => server.stop());

/** All that is shown of an error, or is written into Pulumi's log: message, stack, reasons. */
function mustHide(error: unknown, what: string, word = secret): void {
  const { message = "", stack = "", reasons = [] } = error as Error & { reasons?: string[] };
  const text = [shownError(error), message, stack, ...reasons].join("\n");
  assert.ok(message.length > 0, what);
  assert.equal(text.includes(word), false, `${what}: ${text}`);
}

const nodes = [
  { name: "one", address: "192.168.56.11" },
  { name: "two", address: "192.168.56.12" },
];
const stack = { vip: "192.168.56.10/24", nodes: JSON.stringify(nodes) };

/** A secret that is not as it must be, or stands where it must not, by setting. */
const wrong: Record<string, Record<string, unknown>> = {
  "fencing.sshKey": { fencing: { agent: "fence_virsh", sshKey: secret } },
  "fencing.options": { fencing: { agent: "fence_virsh", options: { password: `"${secret}"` } } },
  "fencing.options, of more lines": {
    fencing: { agent: "fence_virsh", options: { password: `${secret}\n` } },
  },
  "fencing without an agent": { fencing: { options: { password: secret } } },
  "fencing.nodes": { fencing: { agent: "fence_virsh", nodes: { three: { password: secret } } } },
  "registryLogin.password": { registryLogin: { username: "", password: secret } },
  "registryLogin.password, of more lines": { registryLogin: { username: "a", password: `${secret}\n` } },
  "tls.key": { tls: { certificate: "none", key: secret } },
  extraEnvironment: { extraEnvironment: { "1": secret, PASSWORD: `${secret}\0` } },
  "extraEnvironment, a list": { extraEnvironment: [secret] },
  boxUrl: { boxUrl: `ftp://me:${secret}@example.com/a b` },
  "host.privateKey": {
    nodes: nodes.map((node) => ({ ...node, host: { user: "me", privateKey: secret } })),
  },
};

for (const [what, settings] of Object.entries(wrong))
  test(`a mistake in settings: ${what}`, () => {
    const given = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [
        name,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
    assert.throws(
      () => parseSettings({ ...stack, ...given }),
      (error) => {
        mustHide(error, what);
        return true;
      },
    );
  });

test("a login that is refused, a host key that is another one, a command that fails or takes too long", async () => {
  const { privateKey } = newKeyPair("stranger");
  const line = privateKey.split("\n")[3] ?? "";
  const refused = { ...server.endpoint, privateKey };
  mustHide(await failure(exec(refused, "true", { timeout: 5_000 })), "refused", line);
  const other = { ...server.endpoint, privateKey: "no key", hostKey: `ssh-ed25519 ${"A".repeat(68)}` };
  mustHide(await failure(exec(other, "true", { timeout: 5_000 })), "no key", "no key that");
  const slow = exec(server.endpoint, "sleep 5", { stdin: secret, timeout: 1_500 });
  mustHide(await failure(slow), "too slow");
});

test("a file with a secret that cannot be written", async (t) => {
  const path = join(temporaryFolder(t), "folder");
  mkdirSync(path);
  const file = { content: secret, mode: "0600", owner: ownOwner() };
  const given = { ssh: server.endpoint, files: { [path]: file } };
  const checked = await files.check({}, given);
  const made = files.create((checked.inputs ?? given) as Parameters<typeof files.create>[0]);
  mustHide(await failure(made), "files");
  const folded = await files.check({}, { ...given, files: { relative: file } });
  assert.ok((folded.failures ?? []).length > 0);
  assert.equal(JSON.stringify(folded.failures).includes(secret), false);
});

test("a program that fails over what it was given to read, and a file that is sent", async (t) => {
  mustHide(await failure(run("sh", ["-c", "cat >/dev/null; exit 3"], { input: secret })), "run");
  const file = put(join(temporaryFolder(t), "archive"), secret);
  mustHide(await failure(pour(server.endpoint, file, "cat >/dev/null; exit 3", { timeout: 20_000 })), "pour");
});

test("a machine's inputs", () => {
  const { directory: _, ...inputs } = machineInputs();
  const { failures = [] } = checkInputs({
    ...{ ...inputs, directory: "relative" },
    environment: { "1": secret, TOKEN: `${secret}\0` },
    sshPrivateKey: `${secret}\0`,
  });
  assert.ok(failures.length >= 3, JSON.stringify(failures));
  assert.equal(JSON.stringify(failures).includes(secret), false, JSON.stringify(failures));
});
