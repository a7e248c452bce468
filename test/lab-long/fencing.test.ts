import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabDescription } from "../../lab/description";
import type { FenceServerOrder } from "../../lab/fence/server";
import { within } from "../../lab/namespace";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { newKeyPair } from "../../providers/vagrant/keys";
import { haRancher, healthy, inLab, labNamespace, onNode, running, status } from "../lab/command";
import { drill } from "../lab/drilled";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { until } from "./client";

/*
 * Fencing by an agent, on real machines: Debian's fence_virsh logs in at the lab's host with a key that can do nothing
 * else. FENCING_TRIALS times (default 5) a node is paused for a minute: with an agent not even that makes two writers.
 */

const trials = process.env.FENCING_TRIALS ?? "5";
const healthyWithin = 240;
const names = ["rancher-1", "rancher-2"];
const port = 2222;

const folder = mkdtempSync(join(tmpdir(), "ha-rancher-fencing-"));
const host = newKeyPair("host");
const client = newKeyPair("client");
let lab: LabDescription;
let domains: string[];
let server: ChildProcess | undefined;

/** The lab's stand-in for an sshd with a forced command: it listens where machines reach their host. */
async function startServer(): Promise<void> {
  const order: FenceServerOrder = {
    ...{ address: lab.privateNetwork.hostAddress, port, uri: lab.libvirtUri, domains },
    ...{ hostKey: host.privateKey, clientKey: client.publicKey },
  };
  const program = [process.execPath, join(packageRoot, "dist", "lab", "fence", "server.js")];
  const [command = "", ...args] = within(labNamespace)(program);
  server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ready = new Promise((resolve) => server?.stdout?.once("data", resolve));
  server.stdin?.write(`${JSON.stringify(order)}\n`);
  await ready;
}

async function stopServer(): Promise<void> {
  if (!server) return;
  const closed = new Promise((resolve) => server?.once("close", resolve));
  server.stdin?.end();
  await closed;
  server = undefined;
}

/**
 * Brings Debian's fence-agents to the nodes, which reach no mirror: its packages are loaded here, for what a node has.
 * Of its dependencies only what fence_virsh needs: the others talk to clouds.
 */
async function bringFenceAgents(): Promise<void> {
  const nodeStatus = join(folder, "status");
  writeFileSync(nodeStatus, await onNode("rancher-1", "cat /var/lib/dpkg/status"));
  mkdirSync(join(folder, "partial"));
  const where = ["-o", `Dir::State::status=${nodeStatus}`, "-o", `Dir::Cache::archives=${folder}`];
  const wanted = ["python3-pexpect", "python3-pycurl"];
  await run(
    "apt-get",
    ["-q", "-y", ...where, "--no-install-recommends", "--download-only", "install", ...wanted],
    { timeout: 300_000 },
  );
  await run("apt-get", ["-q", "download", "fence-agents"], { cwd: folder, timeout: 300_000 });
  const archive = join(folder, "packages.tar");
  const packages = readdirSync(folder).filter((name) => name.endsWith(".deb"));
  await run("tar", ["-C", folder, "-cf", archive, ...packages]);
  const install =
    "rm -rf /run/debs; mkdir /run/debs; tar -C /run/debs -xf - && dpkg --force-depends -i /run/debs/*.deb && rm -rf /run/debs";
  await Promise.all(names.map((name) => onNode(name, install, archive)));
}

withStack({
  clearUp: async () => {
    await stopServer();
    rmSync(folder, { recursive: true, force: true });
  },
});

step("up; then nodes that fence themselves are told of an agent", async () => {
  assert.equal((await haRancher("up")).code, 0);
  lab = JSON.parse((await inLab("sh", "-c", 'cat "$HA_RANCHER_LAB"')).stdout) as LabDescription;
  const list = await inLab("virsh", "--connect", lab.libvirtUri, "list", "--all", "--name");
  domains = names.map(
    (name) =>
      list.stdout
        .split("\n")
        .map((line) => line.trim())
        .find((domain) => domain.endsWith(name)) ?? "",
  );
  assert.ok(domains.every(Boolean), `no machine has such a name: ${list.stdout}`);
  await bringFenceAgents();
  await startServer();
  set({
    fencing: {
      agent: "fence_virsh",
      options: { ip: lab.privateNetwork.hostAddress, ipport: String(port), username: "fence" },
      nodes: Object.fromEntries(names.map((name, i) => [name, { plug: domains[i] }])),
      sshKey: client.privateKey,
      hostKey: host.publicKey.split(" ").slice(0, 2).join(" "),
    },
  });
  assert.equal((await haRancher("up")).code, 0);
  const { nodes } = await healthy(healthyWithin);
  for (const { name, status: node } of nodes)
    assert.equal((node as { fencing?: { agent?: string } }).fencing?.agent, "fence_virsh", name);
  for (const name of names) {
    const line = await onNode(name, `stat -c %a%U /etc/ha-rancher/fence/ssh.key`);
    assert.equal(line.trim(), "600root");
  }
});

step("a paused node is off before another one starts: never two writers", async () => {
  const { code, report } = await drill("--fault", "pause-60s", "--trials", trials);
  const [row] = report.rows;
  assert.equal(row?.n, Number(trials));
  assert.ok((row.acknowledged ?? 0) > 0, "no write was acknowledged");
  assert.deepEqual([row.lost, row.duplicated, row.breaches], [0, 0, []]);
  assert.equal(row.twoWriters?.max, 0);
  assert.equal(code, 0);
  const said = await Promise.all(
    names.map((name) => onNode(name, "journalctl -u ha-rancher-agent --output cat")),
  );
  assert.match(said.join("\n"), /"event": "fence", "text": "rancher-[12] confirmed off/);
});

step("a fence that is not confirmed starts nothing; once it is, the service is there", async () => {
  const { holders, nodes } = await healthy(healthyWithin);
  const [holder = ""] = holders;
  const survivor = nodes.find(({ name }) => name !== holder)?.name ?? "";
  await stopServer();
  const domain = domains[names.indexOf(holder)] ?? "";
  assert.equal((await inLab("virsh", "--connect", lab.libvirtUri, "destroy", domain)).code, 0);
  const agentSays = (): Promise<string> =>
    onNode(survivor, "journalctl -u ha-rancher-agent --since -3min --output cat");
  await until(
    async () => /"event": "fence", "text": "not confirmed, nothing is started/.test(await agentSays()),
    120,
  );
  // For longer than any of the times after which a node that fences itself would be taken for silent.
  for (const end = Date.now() + 45_000; Date.now() < end; await sleep(1_000))
    assert.deepEqual(running(await status()), []);
  await startServer();
  await until(async () => running(await status()).includes(survivor), 120);
  assert.match(await agentSays(), new RegExp(`"text": "${holder} confirmed off`));
});

step("up starts the node that was off, and it does not take the service back", async () => {
  assert.equal((await haRancher("up")).code, 0);
  assert.equal(running(await healthy(healthyWithin)).length, 1);
  assert.equal((await inLab("pulumi", "preview", "--expect-no-changes")).code, 0);
});
