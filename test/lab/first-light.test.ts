import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { quickFaults } from "../../drill/faults";
import { labHome } from "../../local/paths";
import { run, tryRun } from "../../local/run";
import { data, haRancher, healthy, inLab, labNamespace, quietly, running, status } from "./command";
import { drill } from "./drilled";
import { step } from "./steps";
import { withStack } from "./with-stack";

/*
 * The whole way, on real machines: each test goes on from where the one before it stopped, so after a failure the
 * rest is not run.
 */

const vip = "192.168.56.10";

interface Outputs {
  vip: string;
  url: string;
  currentMaster: string;
  vipHolders: string[];
  nodes: { name: string; role: string; ssh: string }[];
  takeover: { crash: number; planned: number };
}

async function outputs(): Promise<Outputs> {
  const { stdout, stderr } = await inLab("pulumi", "stack", "output", "--json");
  assert.ok(stdout, stderr);
  return JSON.parse(stdout) as Outputs;
}

withStack({ goesDown: true });

step("up, from nothing to a VIP that answers", async () => {
  const { code, stdout } = await haRancher("up");
  assert.equal(code, 0);
  for (const shown of [vip, `https://${vip}`, "rancher-", "npm run ssh"])
    assert.ok(stdout.includes(shown), `${shown} is not shown`);
});

step("the outputs are true", async () => {
  const out = await outputs();
  assert.equal(out.vip, vip);
  assert.equal(out.url, `https://${vip}`);
  assert.deepEqual(out.vipHolders, [out.currentMaster]);
  assert.ok(out.takeover.crash < 1 && out.takeover.planned < 0.2);
  for (const node of out.nodes) {
    assert.equal(node.role, node.name === out.currentMaster ? "master" : "backup");
    const { stdout } = await inLab("sh", "-c", `${node.ssh} 'hostname; ip -br address'`);
    assert.match(stdout, new RegExp(`^${node.name}\\n`));
    assert.equal(stdout.includes(`${vip}/`), node.name === out.currentMaster);
  }
});

step("Rancher answers through the VIP, and runs on its holder alone", async () => {
  // The standby's agent may still be on its way.
  await healthy(120);
  assert.equal((await inLab("curl", "-sk", `https://${vip}/ping`)).stdout, "pong");
  const now = await status();
  assert.equal(now.code, 0, JSON.stringify(now, undefined, 1));
  assert.equal(now.state, "healthy");
  assert.deepEqual(running(now), now.holders);
  for (const { name, status: node } of now.nodes)
    assert.equal(node?.mounts?.data, now.holders.includes(name), `data mounted on ${name}`);
});

step("a second up changes nothing", async () => {
  const { code, stdout } = await haRancher("up");
  assert.equal(code, 0);
  assert.match(stdout, /\d+ unchanged/);
  assert.doesNotMatch(stdout, /\d+ (created|updated|replaced|deleted|to )/);
});

step("refresh and preview find nothing", async () => {
  const refresh = await inLab("pulumi", "refresh", "--yes", "--skip-preview");
  assert.equal(refresh.code, 0, refresh.stdout + refresh.stderr);
  const preview = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(preview.code, 0, preview.stdout + preview.stderr);
});

step("every node sees the heartbeats of the one that serves", async () => {
  const { holders, nodes } = await healthy(180);
  for (const { name, status: node } of nodes) assert.equal(node?.lease?.owner, holders[0], name);
});

step("a quick drill: whatever it breaks, no invariant breaks", async () => {
  await healthy(180);
  const { code, report, folder } = await drill("--quick", "--trials", "1");
  assert.equal(code, 0, JSON.stringify(report.rows, undefined, 1));
  assert.deepEqual(new Set(report.rows.map(({ fault }) => fault)), new Set(quickFaults));
  for (const { fault, acknowledged, vipGap, serviceGap, twoWriters } of report.rows) {
    assert.ok((acknowledged ?? 0) > 0, `${fault}: no write was acknowledged`);
    assert.ok(vipGap && serviceGap && twoWriters, `${fault}: not measured`);
  }
  assert.equal(readdirSync(join(folder, "raw")).length, quickFaults.length);
});

step("down leaves nothing", async () => {
  const { code } = await haRancher("down");
  assert.equal(code, 0);
  const namespaces = (await run("ip", ["netns", "list"])).stdout;
  assert.doesNotMatch(namespaces, new RegExp(`^${labNamespace}\\b`, "m"));
  const home = labHome();
  const processes = await tryRun("pgrep", ["-f", home]);
  assert.equal(processes.stdout, "", "processes of the lab are left");
  const mounts = await tryRun("grep", ["-c", home, "/proc/self/mounts"]);
  assert.equal(mounts.stdout.trim(), "0");
  for (const folder of ["machines", join("nfs", "exports"), join("nfs", "data")]) {
    const path = join(home, folder);
    assert.deepEqual(existsSync(path) ? readdirSync(path) : [], [], `files are left in ${folder}`);
  }
  const stacks = join(data, "ha-rancher", "backend", ".pulumi", "stacks", "ha-rancher");
  assert.deepEqual(existsSync(stacks) ? readdirSync(stacks) : [], []);
  const gone = await quietly("status");
  assert.equal(gone.code, 1);
});
