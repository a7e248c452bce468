import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { data, forgetData } from "../lab/command";
import { step } from "../lab/steps";
import { unasked } from "../lab/unasked";
import { patient } from "./patient";

/*
 * Two stacks in one lab, up and down in any order. Each test goes on from where the one before it stopped, so after a
 * failure the rest is not run.
 */

const program = join(packageRoot, "cli", "bootstrap.mjs");
const env = { ...process.env, HA_RANCHER_LAB_NAME: "stacks", XDG_DATA_HOME: data };
const fileOf = (stack: string): string => join(packageRoot, `Pulumi.${stack}.yaml`);

const stacks = { "test-one": 70, "test-two": 80 };
const vipOf = (last: number): string => `192.168.56.${last}`;

function write(stack: string, last: number, change: object = {}): void {
  const nodes = [1, 2].map((i) => ({ name: `node-${i}`, address: vipOf(last + i) }));
  const config = { vip: `${vipOf(last)}/24`, nodes, memory: 1024, cpus: 1, ...patient, ...change };
  const named = Object.entries(config).map(([name, value]) => [`ha-rancher:${name}`, value]);
  writeFileSync(fileOf(stack), JSON.stringify({ config: Object.fromEntries(named) }));
}

async function haRancher(stack: string, command: string, ...args: string[]): Promise<RunResult> {
  const result = await tryRun(
    process.execPath,
    [program, command, "--stack", stack, ...unasked(command), ...args],
    {
      cwd: packageRoot,
      env,
      timeout: 20 * 60_000,
    },
  );
  console.log(`--- ${command} ${stack} -> ${result.code}\n${result.stdout}${result.stderr}`.trimEnd());
  return result;
}

/** Within a minute: an emulated machine may be slow to answer. */
const answers = async (stack: keyof typeof stacks): Promise<boolean> => {
  const url = `https://${vipOf(stacks[stack])}/ping`;
  for (let i = 0; i < 6; i++)
    if ((await haRancher(stack, "shell", "--", "curl", "-sk", "-m", "10", url)).stdout === "pong")
      return true;
  return false;
};

after(async () => {
  for (const stack of Object.keys(stacks)) await haRancher(stack, "down");
  for (const stack of [...Object.keys(stacks), "test-clash"]) rmSync(fileOf(stack), { force: true });
  forgetData();
});

step("two stacks with nodes of the same names are up, each with its own VIP", async () => {
  for (const [stack, last] of Object.entries(stacks)) {
    write(stack, last);
    assert.equal((await haRancher(stack, "up")).code, 0);
  }
  for (const stack of Object.keys(stacks) as (keyof typeof stacks)[])
    assert.ok(await answers(stack), `${stack} does not answer`);
});

step("neither sees a change because of the other", async () => {
  for (const stack of Object.keys(stacks)) {
    const { code, stdout } = await haRancher(stack, "up");
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /\d+ (created|updated|replaced|deleted|to )/);
  }
});

step("a third that wants what they have is refused, with the name of each", async () => {
  write("test-clash", 70, { furtherVips: [`${vipOf(81)}/24`] });
  const { code, stderr } = await haRancher("test-clash", "up");
  assert.equal(code, 1);
  assert.match(stderr, /`vip` \(192\.168\.56\.70\) is an address of the stack `test-one`/);
  assert.match(stderr, /`furtherVips\[0\]` \(192\.168\.56\.81\) is an address of the stack `test-two`/);
});

step("the first goes down, and the second goes on; it comes up again, and the second goes down", async () => {
  const down = await haRancher("test-one", "down");
  assert.equal(down.code, 0);
  assert.match(down.stdout, /The lab goes on for test-two/);
  assert.ok(await answers("test-two"));
  assert.equal((await haRancher("test-one", "up")).code, 0);
  assert.equal((await haRancher("test-two", "down")).code, 0);
  assert.ok(await answers("test-one"));
  assert.equal((await haRancher("test-one", "down")).code, 0);
});
