import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Seen } from "../../drill/probes/observer";
import { figuresOf, longestGap } from "../../drill/statistics";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { haRancher, healthy, inLab, labNamespace, onNode, type Status, status } from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { vip } from "./values";

/*
 * nginx of Debian's packages on two machines, behind two floating IPs: no Docker is used, nothing is mounted. Each test goes on
 * from where the one before it stopped.
 */

const otherVip = "192.168.56.20";
const [one, two] = ["rancher-1", "rancher-2"] as const;
/** Seconds. */
const healthyWithin = 180;
/** Milliseconds that a VIP may be away: after a power-off, and after nginx was killed (95 % of the trials). */
const allowed = { powerOff: 750, killed: 2_000 };
const trials = 5;

/** Of what must be well: nothing before there is nginx. */
const vips = (checks: object[]) => [
  { name: "web", preferred: one, preempt: true, checks },
  { name: "api", vip: `${otherVip}/24`, preferred: two, preempt: true, checks },
];
const nginx = [{ http: { port: 80 } }, { unit: "nginx.service" }];

/** A client in the lab's network that asks a VIP by ICMP and HTTP all the time. */
class Client {
  private readonly child: ChildProcess;
  private readonly times: { icmp: number[]; http: number[] } = { icmp: [], http: [] };

  constructor(address: string) {
    const observer = join(packageRoot, "dist", "drill", "probes", "observer.js");
    const order = JSON.stringify({ vip: address, url: `http://${address}`, answers: { path: "/" } });
    this.child = spawn("ip", ["netns", "exec", labNamespace, process.execPath, observer, order], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.child.stdin?.on("error", () => undefined);
    if (!this.child.stdout) return;
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const seen = JSON.parse(line) as Seen;
      if (seen.kind === "ready") this.child.stdin?.write("begin\n");
      if (seen.kind === "answer") this.times.icmp.push(seen.at);
      if (seen.kind === "asked" && seen.ok) this.times.http.push(seen.answered);
    });
  }

  /** The longest times without an answer while something is done, and until all is well, milliseconds. */
  async during(work: () => Promise<void>): Promise<{ icmp: number; http: number }> {
    try {
      await sleep(2_000);
      await work();
      await sleep(3_000);
      return { icmp: longestGap(this.times.icmp), http: longestGap(this.times.http) };
    } finally {
      this.child.stdin?.write("stop\n");
      this.child.kill();
    }
  }
}

interface VipOutput {
  name: string;
  currentMaster: string;
}

/** Who has each VIP, as the agents say. */
function whoHas(report: Status): Record<string, string[]> {
  const held: Record<string, string[]> = { web: [], api: [] };
  for (const { name, status } of report.nodes as {
    name: string;
    status?: { vips?: { name: string; holds: boolean }[] };
  }[])
    for (const each of status?.vips ?? []) if (each.holds) held[each.name]?.push(name);
  return held;
}

async function has(web: string, api: string): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(1_000)) {
    const found = whoHas(await status());
    if (found.web?.join() === web && found.api?.join() === api) return;
    assert.ok(Date.now() < end, `web on ${web}, api on ${api}: ${JSON.stringify(found)}`);
  }
}

async function up(): Promise<number> {
  const begin = Date.now();
  const { code, stdout, stderr } = await haRancher("up");
  assert.equal(code, 0, `${stdout}${stderr}`);
  return (Date.now() - begin) / 1_000;
}

/** nginx and what it needs beside the box's packages, from this machine's source of packages. */
async function install(node: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-nginx-"));
  try {
    await run("apt-get", ["download", "-q", "nginx", "nginx-common"], { cwd: folder });
    for (const file of readdirSync(folder))
      await onNode(node, `cat >/tmp/${file.split("_")[0]}.deb`, join(folder, file));
    await onNode(node, "DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/nginx-common.deb /tmp/nginx.deb");
    await onNode(node, "echo well >/var/www/html/index.html; systemctl enable --now nginx");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

withStack({ down: ["--lab"], goesDown: true });

step("two machines and two VIPs come up, each VIP on its preferred node", async () => {
  set({ workload: "address", httpPort: undefined, address: { vips: vips([]) } });
  await up();
  await has(one, two);
  const { stdout } = await inLab("pulumi", "stack", "output", "vips", "--json");
  assert.deepEqual(
    (JSON.parse(stdout) as VipOutput[]).map(({ name, currentMaster }) => [name, currentMaster]),
    [
      ["web", one],
      ["api", two],
    ],
  );
});

step(
  "with nginx on the machines, checks of it come into force in a minute, and a second up changes nothing",
  async () => {
    for (const node of [one, two]) await install(node);
    set({ address: { vips: vips(nginx) } });
    const took = await up();
    console.log(`up with the machines there: ${took.toFixed(1)} s`);
    assert.ok(took <= 60, `${took} s`);
    await healthy(healthyWithin);
    await has(one, two);
    const { code, stdout } = await inLab("pulumi", "preview", "--expect-no-changes");
    assert.equal(code, 0, stdout);
  },
);

step("neither Docker nor NFS is used on the machines", async () => {
  for (const node of [one, two]) {
    assert.equal((await onNode(node, "grep -c ' nfs4\\? ' /proc/mounts || true")).trim(), "0");
    assert.equal(
      (await onNode(node, "ls /etc/systemd/system | grep -c -e lease -e nfs-identity || true")).trim(),
      "0",
    );
    assert.equal((await onNode(node, "docker ps -aq 2>/dev/null | wc -l")).trim(), "0");
  }
});

step("where nginx is killed the VIP is on the other machine within 2 s, and goes back", async () => {
  const gaps: number[] = [];
  for (let i = 0; i < trials; i++) {
    const client = new Client(vip);
    const { http } = await client.during(async () => {
      await onNode(one, "systemctl kill --signal=KILL nginx");
      await has(two, two);
    });
    gaps.push(http);
    await onNode(one, "systemctl start nginx");
    await has(one, two);
  }
  const figures = figuresOf(gaps, Math.round);
  console.log(`nginx killed: ${JSON.stringify(figures)} ms`);
  assert.ok(figures.p95 <= allowed.killed, JSON.stringify(gaps));
});

step("after a power-off one machine has both, and the VIP goes back by setting", async () => {
  const gaps: number[] = [];
  for (let i = 0; i < trials; i++) {
    const client = new Client(vip);
    const { icmp } = await client.during(async () => {
      assert.equal((await haRancher("power-off", one)).code, 0);
      await has(two, two);
    });
    gaps.push(icmp);
    assert.equal((await haRancher("power-on")).code, 0);
    await healthy(healthyWithin);
    await has(one, two);
  }
  const figures = figuresOf(gaps, Math.round);
  console.log(`power-off: ${JSON.stringify(figures)} ms`);
  assert.ok(figures.p95 < allowed.powerOff, JSON.stringify(gaps));
});

step("maintenance empties a machine; what is about a lease says that there is none", async () => {
  assert.equal((await haRancher("maintenance", two, "on")).code, 0);
  await has(one, one);
  assert.equal((await haRancher("maintenance", two, "off")).code, 0);
  await has(one, two);
  for (const command of ["backup", "drill"]) {
    const { code, stderr } = await haRancher(command);
    assert.equal(code, 2);
    assert.match(stderr, /`workload` is address/);
  }
});

step("another workload is refused in the preview, and all goes on", async () => {
  set({ workload: undefined, address: undefined });
  const { code, stdout, stderr } = await inLab("pulumi", "preview");
  assert.notEqual(code, 0);
  assert.match(`${stdout}${stderr}`, /`workload` must not become a service with a lease/);
  set({ workload: "address", address: { vips: vips(nginx) } });
  await healthy(healthyWithin);
});

step("down leaves nothing", async () => {
  const { code, stdout, stderr } = await haRancher("down", "--lab");
  assert.equal(code, 0, `${stdout}${stderr}`);
});
