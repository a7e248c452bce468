import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { utils } from "ssh2";
import { publicKeyOf } from "../../domain/private-key";
import { newKeyPair } from "../../providers/vagrant/keys";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

test("key pairs sign and verify, each another, and leave nothing behind", (t) => {
  const folder = temporaryFolder(t);
  withEnvironment(t, { TMPDIR: folder });
  const comment = "-f 'of a' $test";
  const pairs = Array.from({ length: 10 }, () => newKeyPair(comment));
  for (const { privateKey, publicKey } of pairs) {
    const secret = utils.parseKey(privateKey);
    const known = utils.parseKey(publicKey);
    if (secret instanceof Error || known instanceof Error) assert.fail("a key that cannot be read");
    assert.equal(known.verify("text", secret.sign("text")), true);
    assert.match(privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----\n(.+\n)+$/);
    assert.equal(publicKey, `${publicKeyOf(privateKey)} ${comment}`);
  }
  assert.equal(new Set(pairs.map((pair) => pair.publicKey)).size, pairs.length);
  assert.deepEqual(readdirSync(folder), []);
});

test("nobody else can read a key while it is made, whatever the umask is", (t) => {
  const folder = temporaryFolder(t);
  const seen = join(folder, "seen");
  putScript(join(folder, "bin/ssh-keygen"), [
    `export PATH=${process.env.PATH}`,
    'ssh-keygen "$@" || exit 1',
    "for file; do :; done",
    `stat -c %a "$(dirname "$file")" "$file" >'${seen}'`,
  ]);
  withEnvironment(t, { PATH: `${join(folder, "bin")}:${process.env.PATH}` });
  const before = process.umask(0);
  t.after(() => process.umask(before));
  newKeyPair("x");
  assert.equal(readFileSync(seen, "utf8"), "700\n600\n");
});

test("without `ssh-keygen`, and where it fails, the way out is said", (t) => {
  const folder = temporaryFolder(t);
  withEnvironment(t, { PATH: join(folder, "bin") });
  assert.throws(() => newKeyPair("x"), /`ssh-keygen` is not on PATH.*install OpenSSH's client/);
  putScript(join(folder, "bin/ssh-keygen"), ["echo No user exists for uid 1234 >&2", "exit 255"]);
  withEnvironment(t, { PATH: `${join(folder, "bin")}:/bin`, TMPDIR: folder });
  assert.throws(() => newKeyPair("x"), /`ssh-keygen` made no key: No user exists for uid 1234/);
  assert.deepEqual(readdirSync(folder), ["bin"]);
});
