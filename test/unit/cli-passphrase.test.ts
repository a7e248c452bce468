import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkPassphrase } from "../../cli/passphrase";
import { passphraseFile } from "../../system/paths";
import { ownHome, put, putScript, withEnvironment } from "./cli-support";

/** A `pulumi` that knows one passphrase, and the calls that it got. */
function scene(t: TestContext) {
  const home = ownHome(t);
  const calls = put(join(home, "calls"), "");
  const pulumi = join(home, "bin", "pulumi");
  const script = [
    `echo "$@" >> ${calls}`,
    '[ "$PULUMI_CONFIG_PASSPHRASE" = right ] || { echo "error: incorrect passphrase, please set" >&2; exit 1; }',
  ];
  putScript(pulumi, script);
  const check = (): Promise<void> => checkPassphrase("dev", { pulumi, env: process.env, cwd: home });
  return { check, calls: () => readFileSync(calls, "utf8").split("\n").filter(Boolean) };
}

test("the program's own passphrase is not asked about", async (t) => {
  const at = scene(t);
  await at.check();
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() });
  await at.check();
  assert.deepEqual(at.calls(), []);
});

test("the user's own is tried before anything else happens", async (t) => {
  const at = scene(t);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "right" });
  await at.check();
  assert.deepEqual(at.calls(), ["stack export --show-secrets --stack dev --non-interactive"]);
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: "wrong" });
  await assert.rejects(
    at.check(),
    /`PULUMI_CONFIG_PASSPHRASE` is not the passphrase .* stack dev .*unset it/,
  );
  withEnvironment(t, { PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: "/mine" });
  await assert.rejects(at.check(), /`PULUMI_CONFIG_PASSPHRASE_FILE` is not/);
});
