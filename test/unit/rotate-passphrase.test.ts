import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { changePassphrase, type OwnStack } from "../../cli/actions/rotate-passphrase";
import { checkPassphrase, refuseChosen } from "../../cli/pulumi/passphrase";
import { nextPassphraseFile, passphraseFile } from "../../local/paths";
import { readCheckpoint } from "../../local/pulumi/checkpoint";
import { fits } from "../../local/pulumi/passphrase";
import { secretsIn } from "../../local/pulumi/stack-file";
import { ownHome, put, withEnvironment } from "./cli-support";

/* The passphrase of all stacks is changed, with a stand-in for Pulumi that dies where it is told to (test/engine has Pulumi itself). */

/** A salt as Pulumi makes it. The stand-in has it as a text, so it uses nothing but what it is given. */
function saltBy({ createCipheriv, pbkdf2Sync, randomBytes }: typeof crypto, passphrase: string): string {
  const [salt, nonce] = [randomBytes(8), randomBytes(12)];
  const cipher = createCipheriv("aes-256-gcm", pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256"), nonce);
  const sealed = Buffer.concat([cipher.update("pulumi"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${salt.toString("base64")}:v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

const saltFor = (passphrase: string): string => saltBy(crypto, passphrase);

/** Does what `pulumi stack change-secrets-provider passphrase` does, in its order; dies at the place in the file `die`. */
const standIn = `
const { readFileSync, writeFileSync, existsSync, appendFileSync } = require("node:fs");
${saltBy.toString()}
const home = process.argv[2];
const stack = process.argv[process.argv.indexOf("--stack") + 1];
const next = readFileSync(0, "utf8").trim();
appendFileSync(home + "/calls", JSON.stringify([process.argv.slice(3), readFileSync(process.env.PULUMI_CONFIG_PASSPHRASE_FILE, "utf8").trim(), next]) + "\\n");
const die = (place) => existsSync(home + "/die") && readFileSync(home + "/die", "utf8") === stack + " " + place && process.kill(process.pid, "SIGKILL");
const salt = saltBy(require("node:crypto"), next);
const file = home + "/Pulumi." + stack + ".yaml";
const text = readFileSync(file, "utf8").replace(/^encryptionsalt: .*\\n/m, "");
die("at once");
writeFileSync(file, "encryptionsalt: " + salt + "\\n" + text);
die("with a new salt and old secrets in the file");
writeFileSync(file, "encryptionsalt: " + salt + "\\n" + text.replace(/secure: .*/, "secure: new of " + next));
die("before the state");
const state = home + "/backend/.pulumi/stacks/ha-rancher/" + stack + ".json";
const all = JSON.parse(readFileSync(state, "utf8"));
all.checkpoint.latest.secrets_providers.state.salt = salt;
writeFileSync(state, JSON.stringify(all));
die("after the state");
`;

interface World {
  home: string;
  stacks: OwnStack[];
  change(): Promise<string>;
  calls(): [words: string[], former: string, next: string][];
  dieAt(place: string): void;
  saltOf(name: string): string;
}

function world(t: TestContext): World {
  const home = ownHome(t);
  put(passphraseFile(), "the former one\n");
  const backend = { url: `file://${join(home, "backend")}`, local: true };
  const salts = { plain: saltFor("the former one"), hiding: saltFor("the former one") };
  const stacks = Object.entries(salts).map(([name, salt]): OwnStack => {
    const latest = { secrets_providers: { type: "passphrase", state: { salt } } };
    const state = join(home, "backend", ".pulumi", "stacks", "ha-rancher", `${name}.json`);
    put(state, JSON.stringify({ checkpoint: { latest } }));
    return { name, backend, file: join(home, `Pulumi.${name}.yaml`) };
  });
  put(join(home, "Pulumi.plain.yaml"), "# mine\nconfig:\n  ha-rancher:vip: 192.168.56.10\n");
  put(
    join(home, "Pulumi.hiding.yaml"),
    `encryptionsalt: ${salts.hiding}\nconfig:\n  ha-rancher:tls:\n    secure: v1:old\n`,
  );
  const program = put(join(home, "stand-in.cjs"), standIn);
  const pulumi = put(
    join(home, "pulumi"),
    `#!/bin/sh\nexec '${process.execPath}' '${program}' '${home}' "$@"\n`,
  );
  chmodSync(pulumi, 0o755);
  const calls = join(home, "calls");
  return {
    home,
    stacks,
    change: async () =>
      await changePassphrase(
        () => stacks,
        { pulumi, env: process.env, cwd: home },
        () => {},
      ),
    calls: () =>
      existsSync(calls)
        ? readFileSync(calls, "utf8")
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [],
    dieAt: (place) => void put(join(home, "die"), place),
    saltOf: (name) => readCheckpoint(backend, name)?.latest?.secrets_providers?.state?.salt ?? "",
  };
}

const present = (): string => readFileSync(passphraseFile(), "utf8").trim();

/** All stacks have the passphrase that is in its file, and nothing is left over. */
async function mustBeChanged({ home, saltOf }: World, kept: string): Promise<void> {
  assert.notEqual(present(), "the former one");
  assert.equal(statSync(passphraseFile()).mode & 0o777, 0o600);
  assert.equal(readFileSync(kept, "utf8"), "the former one\n");
  for (const name of ["plain", "hiding"]) assert.ok(await fits(present(), saltOf(name)), name);
  const files = readdirSync(dirname(passphraseFile())).filter((name) => name.startsWith("passphrase"));
  assert.deepEqual(files.length, 2, files.join());
  assert.equal(
    readFileSync(join(home, "Pulumi.plain.yaml"), "utf8"),
    "# mine\nconfig:\n  ha-rancher:vip: 192.168.56.10\n",
  );
  const hiding = readFileSync(join(home, "Pulumi.hiding.yaml"), "utf8");
  assert.equal(secretsIn(hiding).salt, saltOf("hiding"));
  assert.match(hiding, new RegExp(`secure: new of ${present()}`));
}

test("all stacks get a new passphrase, which is in no command line", async (t) => {
  const all = world(t);
  const kept = await all.change();
  await mustBeChanged(all, kept);
  for (const [words, former, next] of all.calls()) {
    assert.equal(former, "the former one");
    assert.equal(next, present());
    assert.equal(words.join(" ").includes(next), false);
  }
  assert.equal(all.calls().length, 2);
});

const places = [
  ...["at once", "with a new salt and old secrets in the file", "before the state", "after the state"],
];
for (const place of places)
  for (const stack of ["plain", "hiding"])
    test(`Pulumi dies at ${stack}, ${place}: each stack has a passphrase that is here, and the next run goes on`, async (t) => {
      const all = world(t);
      all.dieAt(`${stack} ${place}`);
      await assert.rejects(all.change(), /SIGKILL/);
      const begun = readFileSync(nextPassphraseFile(), "utf8").trim();
      assert.equal(statSync(nextPassphraseFile()).mode & 0o777, 0o600);
      assert.equal(present(), "the former one");
      for (const name of ["plain", "hiding"]) {
        withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: undefined });
        await checkPassphrase(name, all.saltOf(name));
        const file = process.env.PULUMI_CONFIG_PASSPHRASE_FILE ?? passphraseFile();
        assert.ok(await fits(readFileSync(file, "utf8").trim(), all.saltOf(name)), name);
      }
      withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: undefined });
      all.dieAt("");
      await mustBeChanged(all, await all.change());
      assert.equal(present(), begun);
    });

test("a stack that is made meanwhile gets the passphrase that is to stay", async (t) => {
  const all = world(t);
  put(nextPassphraseFile(), "the new one\n");
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: undefined });
  await checkPassphrase("young", undefined);
  assert.equal(process.env.PULUMI_CONFIG_PASSPHRASE_FILE, nextPassphraseFile());
  assert.equal(all.calls().length, 0);
});

test("what would lose secrets is refused, or left alone", async (t) => {
  const all = world(t);
  const elsewhere = { ...(all.stacks[0] as OwnStack), name: "elsewhere", file: join(all.home, "no.yaml") };
  all.stacks.push(elsewhere);
  await assert.rejects(all.change(), /no\.yaml \(elsewhere\)\. Copy them here/);
  assert.equal(existsSync(nextPassphraseFile()), false);
  assert.equal(all.calls().length, 0);
  all.stacks.pop();

  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "mine" });
  assert.throws(refuseChosen, /the passphrase is yours \(`PULUMI_CONFIG_PASSPHRASE`\)/);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: undefined });

  // A stack with a passphrase of its own keeps it, and its file.
  const own = saltFor("its own");
  const state = join(all.home, "backend", ".pulumi", "stacks", "ha-rancher", "plain.json");
  const latest = { secrets_providers: { type: "passphrase", state: { salt: own } } };
  mkdirSync(dirname(state), { recursive: true });
  writeFileSync(state, JSON.stringify({ checkpoint: { latest } }));
  await all.change();
  assert.equal(all.saltOf("plain"), own);
  assert.deepEqual(
    all.calls().map(([words]) => words[words.indexOf("--stack") + 1]),
    ["hiding"],
  );
});
