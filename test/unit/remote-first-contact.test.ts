import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Server } from "ssh2";
import { presentedHostKey } from "../../providers/remote/first-contact";
import { makeContact } from "../../providers/vagrant/contact";
import { newKeyPair } from "../../providers/vagrant/keys";

/* Which of its host keys a server is asked for at the first contact: the one that all users of SSH can work with. */

/** An RSA key; Node's own generator is not used, see newKeyPair. */
function rsaKey(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsa-"));
  try {
    const words = ["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", join(folder, "key")];
    assert.equal(spawnSync("ssh-keygen", words).status, 0);
    return readFileSync(join(folder, "key"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The port of a server with these keys, which lets nobody in. */
async function serving(t: TestContext, ...hostKeys: string[]): Promise<number> {
  const server = new Server({ hostKeys }, (client) => client.on("error", () => {}));
  t.after(() => server.close());
  return await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

test("of several keys the one is pinned that is no RSA key, in whatever order the server has them", async (t) => {
  const own = newKeyPair("host");
  const port = await serving(t, rsaKey(), own.privateKey);
  const shown = await presentedHostKey("127.0.0.1", port, 10_000);
  assert.equal(shown, own.publicKey.split(" ").slice(0, 2).join(" "));
});

test("a server that has an RSA key alone is refused at once, with the command that makes others", async (t) => {
  const port = await serving(t, rsaKey());
  await assert.rejects(
    presentedHostKey("127.0.0.1", port, 10_000),
    /^SshError: 127\.0\.0\.1:\d+: it has no host key of the kinds ed25519 and ecdsa.*run `ssh-keygen -A`/,
  );
  const { privateKey } = newKeyPair("user");
  const nobody = {
    host: "127.0.0.1",
    port,
    user: "nobody",
    privateKey,
    keyFile: "/key",
    knownHostsFile: "/k",
  };
  const began = performance.now();
  await assert.rejects(
    makeContact({ ...nobody, hostKey: "" }, { addresses: [], interfaces: 0 }, 60_000),
    /run `ssh-keygen -A`/,
  );
  assert.ok(performance.now() - began < 15_000, "waiting would not help");
});
