import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answers } from "../../../workloads/rancher/pages";
import { FakeGuests } from "../vagrant/fake-guests";
import { FakeHypervisor, type FakeMachine } from "../vagrant/fake-hypervisor";

/*
 * Runs in a network namespace of its own: gives it the VIP and the nodes' addresses, and answers on them as a stack does that is
 * well. The first node is the holder. Ends with its standard input.
 *
 * Arguments: the fake hypervisor's folder, the VIP, and `NAME=ADDRESS` of each node.
 */

const [home = "", vip = "", ...nodes] = process.argv.slice(2);
const [holder] = nodes.map((node) => node.split("=")[0]);

const addressOf = (node: string): string => node.split("=")[1] ?? "";

/** What `agent status` says. */
function status({ name }: FakeMachine): string {
  const isHolder = name === holder;
  const agent = { since: 60, epoch: isHolder ? 1 : null, reason: "", fault: null, version: "v1" };
  return JSON.stringify({
    holdsVip: isHolder,
    vrrpState: isHolder ? "MASTER" : "BACKUP",
    agent: { ...agent, state: isHolder ? "active" : "standby" },
    lease: { owner: holder, epoch: 1, heldHere: isHolder, alive: true },
    container: { state: isHolder ? "running" : "created" },
    mounts: { lease: true, data: isHolder },
    uptime: 3_600,
  });
}

/** What `ip -j addr` says. */
function addresses({ name, addresses: own }: FakeMachine): string {
  const all = own.map((each) => each.replace(/\/.*/, "")).concat(name === holder ? [vip] : []);
  return JSON.stringify([{ ifname: "eth1", addr_info: all.map((local) => ({ local })) }]);
}

function ownCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-vip-"));
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const words = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...words], { stdio: "ignore" });
  const made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

async function main(): Promise<void> {
  execFileSync("ip", ["link", "set", "lo", "up"]);
  for (const address of [vip, ...nodes.map(addressOf)])
    execFileSync("ip", ["addr", "add", `${address}/24`, "dev", "lo"]);
  const guests = new FakeGuests(new FakeHypervisor(home), (machine, command) =>
    command.includes("ip -j addr")
      ? addresses(machine)
      : command.includes("host/agent status")
        ? status(machine)
        : undefined,
  );
  for (const node of nodes) await guests.listen(addressOf(node), 22);
  const server = createServer(ownCertificate(), (request, response) => {
    response.end(request.url === answers.path ? answers.body : "ok");
  });
  await new Promise<void>((resolve) => server.listen(443, vip, resolve));
  process.stdin.on("end", () => process.exit(0)).resume();
  process.stdout.write("ready\n");
}

void main();
