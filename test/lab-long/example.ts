import assert from "node:assert/strict";
import { compareWrites } from "../../drill/probes/writes";
import { haRancher, healthy, inLab, onNode, running, status } from "../lab/command";
import { useExample } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { Client, longestWriteGap, until } from "./client";

/* An example of examples/ as its page tells to run it, in the lab: up, a second up, a failover under writes, down. */

/** Seconds. */
const healthyWithin = 240;

/** What a test knows of its example. */
export interface Example {
  /** Its folder. */
  name: string;
  /** Its VIP. */
  vip: string;
  /** Where it answers. */
  url: string;
  /** The secrets that its page tells to set, by path. */
  secrets: Record<string, string>;
}

/** The only node that runs the service. */
export async function active(): Promise<string> {
  const [name = "", ...others] = running(await healthy(healthyWithin));
  assert.deepEqual(others, []);
  return name;
}

export const containerOn = async (node: string): Promise<string> =>
  (JSON.parse(await onNode(node, "cat /etc/ha-rancher/service.json")) as { container: string }).container;

/** Runs a program in the service's container. */
export async function inContainer(...argv: string[]): Promise<string> {
  const node = await active();
  return await onNode(node, `docker exec ${await containerOn(node)} ${argv.join(" ")}`);
}

export async function up(): Promise<void> {
  const { code, stdout, stderr } = await haRancher("up");
  assert.equal(code, 0, `${stdout}${stderr}`);
}

/** Gives a file of steps the example's stack, and begins with its first `up`. */
export function withExample({ name, url, secrets }: Example): void {
  // The tests' machines have one processor each, and it is slow.
  withStack({
    down: ["--lab"],
    goesDown: true,
    begin: () => useExample(name, { cpus: 1, preset: "steady", ...secrets }),
  });

  step("up, as the page tells it", async () => {
    await up();
    await active();
    const { stdout } = await inLab("pulumi", "stack", "output", "url");
    assert.equal(stdout.trim(), url);
  });

  step("a second up changes nothing", async () => {
    const { code, stdout } = await inLab("pulumi", "preview", "--expect-no-changes");
    assert.equal(code, 0, stdout);
  });
}

/** The active node loses its power: the other one serves. It is on again at the end. */
export async function failover(): Promise<void> {
  const from = await active();
  const off = await haRancher("power-off", "--yes", from);
  assert.equal(off.code, 0, off.stderr);
  // Healthy is with a standby, too.
  await until(async () => running(await status()).some((node) => node !== from), healthyWithin);
  const on = await haRancher("power-on");
  assert.equal(on.code, 0, on.stderr);
  assert.notEqual(await active(), from);
}

/** The failover while a client writes numbers: none that was acknowledged is lost, and it goes on afterwards. */
export function failoverUnderWrites(
  { vip, url }: Example,
  place: string,
  read: (run: string) => Promise<number[]>,
): void {
  step("a node that loses its power: the other one serves, and no acknowledged write is lost", async () => {
    const run = "failover";
    const client = new Client({ vip, url, answers: { path: "" }, writes: { to: place, run } });
    try {
      await until(() => client.writes.filter(({ outcome }) => outcome === "yes").length > 20, 120);
      await failover();
      const before = client.writes.length;
      await until(() => client.writes.slice(before).some(({ outcome }) => outcome === "yes"), 120);
      await client.stop();
      const { acknowledged, lost, duplicated, reordered } = compareWrites(client.writes, await read(run));
      const gap = longestWriteGap(client.writes) / 1000;
      console.log(`${acknowledged} writes acknowledged, ${lost.length} lost, ${gap.toFixed(1)} s without`);
      assert.deepEqual({ lost, duplicated, reordered }, { lost: [], duplicated: [], reordered: [] });
    } finally {
      await client.stop().catch(() => undefined);
    }
  });
}

/** The last step. */
export function downAtTheEnd(): void {
  step("down leaves nothing", async () => {
    const { code, stdout, stderr } = await haRancher("down", "--lab");
    assert.equal(code, 0, `${stdout}${stderr}`);
  });
}
