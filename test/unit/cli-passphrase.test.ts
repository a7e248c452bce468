import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { checkFileSalt, checkPassphrase } from "../../cli/pulumi/passphrase";
import { passphraseFile } from "../../local/paths";
import { fits } from "../../local/pulumi/passphrase";
import { ownHome, put, withEnvironment } from "./cli-support";

/** Made by Pulumi 3.220 with the passphrase `right`. */
const salt = "v1:FsNzigKlzlY=:v1:u/JjexpdhrDZWuoR:VQO3oOEXIa5rHyR4ude/AfZoHmToow==";

test("Pulumi's salt tells a right passphrase from wrong ones", async () => {
  assert.equal(await fits("right", salt), true);
  for (const wrong of ["", "Right", "right "]) assert.equal(await fits(wrong, salt), false);
  assert.equal(await fits("any", "v9:a format of tomorrow"), true);
});

test("the user's own passphrase is tried before anything else happens", async (t) => {
  const home = ownHome(t);
  await checkPassphrase("dev", salt);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() });
  await checkPassphrase("dev", salt);

  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: put(join(home, "right"), "right\n") });
  await checkPassphrase("dev", salt);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: put(join(home, "wrong"), "wrong\n") });
  const refused = /`PULUMI_CONFIG_PASSPHRASE_FILE` is not the passphrase .* stack dev .*unset it/;
  await assert.rejects(checkPassphrase("dev", salt), refused);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: join(home, "missing") });
  await assert.rejects(checkPassphrase("dev", salt), /`PULUMI_CONFIG_PASSPHRASE_FILE` cannot be read/);

  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "right" });
  await checkPassphrase("dev", salt);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "wrong" });
  await assert.rejects(checkPassphrase("dev", salt), /`PULUMI_CONFIG_PASSPHRASE` is not/);
  await checkPassphrase("new", undefined);
});

test("a stack's file with the salt of another passphrase is refused, with the ways out", async (t) => {
  const home = ownHome(t);
  const file = join(home, "Pulumi.office.yaml");
  const refused = (how: RegExp) => async (): Promise<void> => {
    await assert.rejects(checkFileSalt(file), { name: "Failure", message: how });
  };
  await checkFileSalt(file);
  put(file, "config:\n  ha-rancher:vip: 192.168.56.10\n");
  await checkFileSalt(file);

  put(file, `encryptionsalt: ${salt}\nconfig:\n  ha-rancher:vip: 192.168.56.10\n`);
  await refused(
    /^Pulumi\.office\.yaml has an `encryptionsalt` that was made with another passphrase than this machine's: set `PULUMI_CONFIG_PASSPHRASE` to that passphrase, or remove the line `encryptionsalt`$/,
  )();
  put(passphraseFile(), "another\n");
  await refused(/`encryptionsalt`/)();
  put(passphraseFile(), "right\n");
  await checkFileSalt(file);
  put(passphraseFile(), "another\n");
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "right" });
  await checkFileSalt(file);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: undefined });
  // The state's own was looked at already.
  await checkFileSalt(file, salt);

  const secrets =
    "  ha-rancher:registry:\n    password:\n      secure: v1:abc\n  ha-rancher:tls:\n    - secure: v1:def\n";
  put(file, `encryptionsalt: "${salt}"\nconfig:\n${secrets}`);
  await refused(
    /remove the line `encryptionsalt` and the values with `secure:` \(`ha-rancher:registry`, `ha-rancher:tls`\), .* set those again/,
  )();
});
