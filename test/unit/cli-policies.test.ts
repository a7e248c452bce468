import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { judgeFirst } from "../../cli/pulumi/policies";
import type { Surroundings } from "../../cli/pulumi/surroundings";
import { Failure } from "../../local/errors";
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

test("the policies judge before an update, and not again while nothing has changed", async (t) => {
  const { surroundings, calls } = withPulumi(t, ["exit 0"]);
  const judge = (file = "Pulumi.dev.yaml"): Promise<() => void> =>
    judgeFirst("dev", file, surroundings, () => {});
  const remember = await judge();
  assert.equal(calls().length, 1);
  assert.match(calls()[0] ?? "", /^dev: preview .*--stack dev .*--policy-pack policy$/);
  await judge();
  assert.equal(calls().length, 2, "the update that followed has not ended well");
  remember();
  const again = await judge();
  assert.equal(calls().length, 2);
  again();
  await judge("Pulumi.yaml");
  assert.equal(calls().length, 3, "other settings");
  await judge();
  assert.equal(calls().length, 3);
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
    judgeFirst("dev", "Pulumi.dev.yaml", surroundings, (line) => said.push(line)),
    (error) => error instanceof Failure && /nothing was changed/.test(error.message),
  );
  assert.match(said.at(-1) ?? "", /^Policies:\n.*image-pinned$/);
});
