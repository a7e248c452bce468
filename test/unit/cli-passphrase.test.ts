import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { checkPassphrase } from "../../cli/pulumi/passphrase";
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
