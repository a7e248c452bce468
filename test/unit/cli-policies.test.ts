import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { judgeFirst } from "../../cli/pulumi/policies";
import type { Surroundings } from "../../cli/pulumi/surroundings";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { ownHome, putScript } from "./cli-support";

/** A machine whose `pulumi` notes how it was called, and then does as told. */
function withPulumi(t: TestContext, lines: string[]): { surroundings: Surroundings; calls: () => string[] } {
  const home = ownHome(t);
  const log = join(home, "calls");
  putScript(join(home, "bin", "pulumi"), [`echo "$PULUMI_STACK: $*" >> ${log}`, ...lines]);
  const toolchain = { bin: join(home, "bin"), version: "3.220.0", origin: "path" as const };
  return {
    surroundings: { toolchain, lab: undefined },
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
  };
}

/** A stack's settings in a file of the package. */
const inPackage = (name: string, more: object = {}) => ({
  ...{ file: join(packageRoot, name), fileFlags: ["--config-file", name], configFlags: [], inFile: true },
  ...more,
});

test("the policies judge before an update, and not again while nothing has changed", async (t) => {
  const { surroundings, calls } = withPulumi(t, ["exit 0"]);
  const judge = (settings = inPackage("Pulumi.dev.yaml")) =>
    judgeFirst("dev", settings, surroundings, () => {});
  const first = await judge();
  assert.equal(calls().length, 1);
  assert.match(
    calls()[0] ?? "",
    /^dev: preview .*--stack dev --config-file Pulumi\.dev\.yaml --policy-pack policy$/,
  );
  assert.equal(first.known, false);
  assert.equal((await judge()).known, false, "the update that followed has not ended well");
  first.remember();
  assert.equal(calls().length, 2);
  assert.equal((await judge()).known, true);
  assert.equal(calls().length, 2);
  await judge(inPackage("Pulumi.yaml"));
  assert.equal(calls().length, 3, "other settings");
  await judge(inPackage("Pulumi.dev.yaml", { configFlags: ["--config", "vip=1"] }));
  assert.match(calls().at(-1) ?? "", /--config vip=1/);
  await judge(inPackage("Pulumi.dev.yaml", { inFile: false }));
  assert.equal(calls().length, 5, "what is imported may have changed unseen");
});

test("what a policy corrects is corrected again, and so is never remembered", async (t) => {
  const { surroundings } = withPulumi(t, ["echo '  - [remediate]  no-insecure-key  (x)'"]);
  const judge = () => judgeFirst("dev", inPackage("Pulumi.dev.yaml"), surroundings, () => {});
  (await judge()).remember();
  assert.equal((await judge()).known, false);
});

test("a refusal ends the update with the verdict alone", async (t) => {
  const { surroundings } = withPulumi(t, [
    "echo ' +  33 resources that would be made'",
    "echo",
    "echo 'Policies:'",
    "echo '    - [mandatory]  image-pinned'",
    "exit 255",
  ]);
  const said: string[] = [];
  await assert.rejects(
    judgeFirst("dev", inPackage("Pulumi.dev.yaml"), surroundings, (line) => said.push(line)),
    (error) => error instanceof Failure && /nothing was changed/.test(error.message),
  );
  assert.match(said.at(-1) ?? "", /^Policies:\n.*image-pinned$/);
});
