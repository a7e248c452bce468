import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { registryMirror } from "../../lab/layout";
import { packageRoot } from "../../local/root";
import { type RunResult, run, tryRun } from "../../local/run";
import { pseudoPath } from "../../providers/nfs/ganesha-conf";
import {
  data,
  haRancher,
  healthy,
  inLab,
  labNamespace,
  onNode,
  running,
  stack,
  status,
} from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { listeners, listeningTable, unexpected } from "./listening";
import { attacker, attackersAddress, fromOutside, server } from "./outsider";
import { get, put, vip } from "./values";

/*
 * Who is on the nodes' network and is no node, and who is root on a node: what each can do to the stack, and to the
 * operator's next commands (docs/security.md). Each test goes on from where the one before it stopped, so after a failure the
 * rest is not run.
 */

const addresses: Record<string, string> = { "rancher-1": "192.168.56.11", "rancher-2": "192.168.56.12" };
const names = Object.keys(addresses);
/** Seconds. */
const healthyWithin = 180;
const attack = 6;

/** What the service answers for the value that was written before all this. */
const kept = /the attack/;

const folder = mkdtempSync(join(tmpdir(), "ha-rancher-attacker-"));

/** The holder, the other node, and the number of their virtual router. */
async function roles(): Promise<{ holder: string; standby: string; router: string }> {
  const { holders } = await healthy(healthyWithin);
  const [holder = ""] = holders;
  const standby = names.find((name) => name !== holder) ?? "";
  const router = /virtual_router_id (\d+)/.exec(await onNode(holder, "cat /etc/keepalived/keepalived.conf"));
  return { holder, standby, router: router?.[1] ?? "" };
}

/** Nothing that moves a cursor, and no line more than there was to be. */
const assertShown = ({ stdout, stderr }: RunResult): void =>
  assert.doesNotMatch(`${stdout}${stderr}`.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);

/** What was written into one of the node's programs is there as long as something is done. */
async function withProgram(
  node: string,
  path: string,
  text: string,
  action: () => Promise<void>,
): Promise<void> {
  const file = join(folder, "program");
  writeFileSync(file, text);
  const place = `$(readlink -f /usr/local/lib/ha-rancher/current)/${path}`;
  await onNode(
    node,
    `place=${place} && cp -p $place /root/kept && cat >/root/hostile && chmod 755 /root/hostile && mv /root/hostile $place`,
    file,
  );
  try {
    await action();
  } finally {
    await onNode(node, `cp -p /root/kept /root/kept.new && mv /root/kept.new ${place}`);
  }
}

withStack({ goesDown: true, clearUp: () => rmSync(folder, { recursive: true, force: true }) });

step("up", async () => {
  assert.equal((await haRancher("up")).code, 0);
  await healthy(healthyWithin);
  await put("before", "the attack");
});

step("adverts of a stranger, and a peer's that came through a router, change nothing", async () => {
  const { holder, standby, router } = await roles();
  const own = addresses[holder] ?? "";
  for (const [source, ttl] of [
    [attackersAddress, 255],
    [addresses[standby] ?? "", 64],
  ] as const) {
    const since = Math.floor(Date.now() / 1000);
    await attacker("vrrp", source, own, vip, router, ttl, attack);
    assert.deepEqual((await healthy(healthyWithin)).holders, [holder], `${source}, TTL ${ttl}`);
    const log = await onNode(holder, `journalctl -u keepalived --since @${since} --no-pager`);
    assert.doesNotMatch(log, /Entering (BACKUP|FAULT) STATE/);
  }
});

step("adverts with a peer's address and TTL may take the VIP while they come, and nothing else", async () => {
  const { holder, standby, router } = await roles();
  const forging = attacker(
    ...["vrrp", addresses[standby] ?? "", addresses[holder] ?? "", vip, router, 255, 4 * attack],
  );
  const ended = forging.then(() => true);
  for (let over = false; !over; over = await Promise.race([ended, sleep(2_000, false)])) {
    const now = await status();
    assert.ok(running(now).length <= 1, `two containers: ${running(now)}`);
  }
  const { holders, nodes } = await healthy(healthyWithin);
  assert.equal(holders.length, 1);
  assert.equal(nodes.filter((node) => node.status?.lease?.heldHere).length, 1);
  assert.match(await get("before"), kept);
});

step("who answers ARP for the VIP loses it again within seconds", async () => {
  const { holder } = await roles();
  await attacker("arp", vip, attack);
  const end = Date.now() + 60_000;
  while (!kept.test(await get("before"))) assert.ok(Date.now() < end, "clients still go to the attacker");
  assert.deepEqual((await healthy(healthyWithin)).holders, [holder]);
});

step("a machine that is no node cannot mount the export", async () => {
  const { standby } = await roles();
  // A kernel with an NFS client of its own: a network namespace on a node, with another address on the same network.
  const mount = async (address: string): Promise<string> =>
    await onNode(
      standby,
      [
        `device=$(ip -o -4 addr show to ${addresses[standby]} | { read -r _ found _; echo $found; })`,
        "ip netns add attacker",
        "ip link add attacker0 link $device type macvlan mode bridge && ip link set attacker0 netns attacker",
        `ip -n attacker link set attacker0 up && ip -n attacker addr add ${address}/24 dev attacker0`,
        "mkdir -p /root/attacker",
        `ip netns exec attacker ping -c 3 -w 20 ${server} >/dev/null && echo reached`,
        `timeout 60 ip netns exec attacker mount -t nfs4 -o vers=4.2,soft,timeo=50,retrans=1 ${server}:${pseudoPath(`ha-rancher-${stack}`)} /root/attacker && { ls /root/attacker && echo mounted; ip netns exec attacker umount -l /root/attacker; }`,
        "ip netns del attacker; true",
      ].join("; "),
    );
  const said = await mount(attackersAddress);
  assert.match(said, /reached/, "the look reaches the server");
  assert.doesNotMatch(said, /mounted|data|lease/);
});

step("who asks the registry gets what is public, and an image that nodes do not run", async () => {
  const { stdout } = await fromOutside(`curl -s -m 10 ${registryMirror}/v2/_catalog`);
  console.log(stdout);
  // Whoever can write there writes under another digest, and a digest is what nodes ask for.
  for (const name of names) {
    const image = await onNode(name, "docker container ls --all --format {{.Image}}");
    const digests = await onNode(name, "docker image ls --digests --no-trunc --format {{.ID}}={{.Digest}}");
    assert.match(digests, /=sha256:[0-9a-f]{64}/, `${name}: ${image}`);
  }
});

step("what listens is what docs/security.md says", async () => {
  const { holder, standby } = await roles();
  const inLabs = await run("ip", ["netns", "exec", labNamespace, "ss", "-Hltunp"]);
  const found = [
    ...listeners("the active node", await onNode(holder, "ss -Hltunp")),
    ...listeners("a standby", await onNode(standby, "ss -Hltunp")),
    ...listeners("the lab's network on this machine", inLabs.stdout),
  ];
  console.log(listeningTable(found));
  assert.deepEqual(unexpected(found), []);
  const outside = (await run("ss", ["-Hltunp"])).stdout;
  assert.doesNotMatch(
    outside,
    /"(ganesha|docker-registry|dnsmasq|libvirtd|qemu)/,
    "it can be reached from elsewhere",
  );
  const file = join(packageRoot, "docs", "security.md");
  const [before = "", , after = ""] = readFileSync(file, "utf8").split(
    /(?<=<!-- listening -->\n)|(?=<!-- \/listening -->)/,
  );
  const page = `${before}${listeningTable(found)}\n${after}`;
  if (process.env.UPDATE_DOCS) writeFileSync(file, page);
  else assert.equal(readFileSync(file, "utf8"), page);
});

step("what listens on the nodes bears nonsense", async () => {
  const { holder } = await roles();
  const found = await attacker("ports", ...Object.values(addresses), vip);
  const ports = new Set(
    found
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[1]),
  );
  assert.deepEqual(
    [...ports].filter((port) => !["22", "80", "443"].includes(port ?? "")),
    [],
    found,
  );
  assert.deepEqual((await healthy(healthyWithin)).holders, [holder]);
  assert.match(await get("before"), kept);
});

const forgedRow = `#!/bin/sh
printf '{"holdsVip": true, "agent": {"state": "x\\\\n  rancher-9  192.168.56.19  yes\\\\u001b[2J\\\\u001b]0;title\\\\u0007"}}'
`;
const forgedError = `#!/bin/sh
printf '\\033[2J\\r  rancher-9  192.168.56.19  active\\n' >&2
exit 1
`;

for (const [what, text] of [
  ["forges a row", forgedRow],
  ["forges an error", forgedError],
  ["talks for ever", "#!/bin/sh\nexec yes\n"],
  ["says nothing for ever", "#!/bin/sh\nexec sleep 3600\n"],
] as const)
  step(`a node that ${what} does not deceive status, nor stop it`, async () => {
    const { standby } = await roles();
    await withProgram(standby, "host/agent", text, async () => {
      const begun = Date.now();
      const result = await haRancher("status");
      assert.ok(Date.now() - begun < 120_000, "status hung");
      assertShown(result);
      const rows = result.stdout.split("\n").filter((line) => /^\s*rancher-\d+\s+\d+\./.test(line));
      assert.deepEqual(rows.map((line) => line.trim().split(/\s/)[0]).sort(), names, result.stdout);
    });
    await healthy(healthyWithin);
  });

for (const name of ["../../../../root/evil", "rancher-99991231T235959Z.tar", "x; touch /tmp/evil"])
  step(`a node that calls its backup ${name} has none kept here`, async () => {
    const [active = ""] = running(await healthy(healthyWithin));
    const to = join(folder, "backups");
    await withProgram(active, "backup/backup", `#!/bin/sh\necho '${name}'\n`, async () => {
      const result = await haRancher("backup", "--to", `${to}/`);
      assert.equal(result.code, 1);
      assertShown(result);
      assert.deepEqual(existsSync(to) ? readdirSync(to) : [], []);
    });
  });

step("links that a node plants in the export are not followed by the next up", async () => {
  const { holder } = await roles();
  const target = join(folder, "authorized_keys");
  writeFileSync(target, "a key\n");
  const links = [".ha-rancher-export", ".ha-rancher-export.new"]
    .map((name) => `ln -sfn ${target} /root/export/${name}`)
    .join(" && ");
  const path = `${server}:${pseudoPath(`ha-rancher-${stack}`)}`;
  await onNode(
    holder,
    `mkdir -p /root/export && mount -t nfs4 -o vers=4.2 ${path} /root/export && ${links}; umount /root/export`,
  );
  // A change of the export's clients makes it anew.
  set({ keepData: true });
  assert.equal((await haRancher("up")).code, 0);
  set({ keepData: undefined });
  assert.equal((await haRancher("up")).code, 0);
  assert.equal(readFileSync(target, "utf8"), "a key\n");
  assert.match(await get("before"), kept);
});

step("a node that talks at each login is told so by up, and moves no cursor", async () => {
  const { standby } = await roles();
  const file = join(folder, "bashrc");
  writeFileSync(file, "printf '\\033[2J\\033]0;title\\007rancher-9 is healthy\\n'\n");
  await onNode(
    standby,
    "cp -p ~vagrant/.bashrc /root/bashrc && cat - ~vagrant/.bashrc >/root/new && cp /root/new ~vagrant/.bashrc",
    file,
  );
  try {
    set({ advertInterval: 0.3 });
    const result = await haRancher("up");
    assertShown(result);
  } finally {
    await onNode(standby, "cp -p /root/bashrc ~vagrant/.bashrc");
    set({ advertInterval: undefined });
  }
  assert.equal((await haRancher("up")).code, 0);
  await healthy(healthyWithin);
});

step("secrets are nowhere but where docs/security.md says", async () => {
  const secrets = new Map<string, string>();
  const passphrase = readFileSync(join(data, "ha-rancher", "passphrase"), "utf8").trim();
  secrets.set("passphrase", passphrase);
  const { stdout } = await inLab(...["pulumi", "stack", "output", "bootstrapPassword", "--show-secrets"]);
  secrets.set("bootstrap password", stdout.trim());
  assert.ok([...secrets.values()].every((secret) => secret.length > 8));
  for (const [name, secret] of secrets) {
    const { stdout: found } = await tryRun("grep", ["-rlF", "--", secret, data]);
    const files = found.split("\n").filter((file) => file && !/\/passphrase$/.test(file));
    assert.deepEqual(files, [], `${name} stands in clear`);
    const { stdout: processes } = await tryRun("sh", ["-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    assert.ok(!processes.includes(secret), `${name} is in a list of processes`);
  }
  const wanted = join(folder, "wanted");
  writeFileSync(wanted, `${secrets.get("bootstrap password")}\n`);
  for (const node of names) {
    // By standard input: sudo writes the words of a command into the journal.
    const look = "grep -rlF -f - -- /etc /var/log /run/ha-rancher /usr/local /root 2>/dev/null; true";
    const found = await onNode(node, look, wanted);
    assert.equal(found.trim(), "", `the bootstrap password is on ${node}`);
  }
});

step("down, with a node that is hostile to the last", async () => {
  const { standby } = await roles();
  const target = join(folder, "authorized_keys");
  const file = join(folder, "program");
  writeFileSync(file, forgedError);
  await onNode(
    standby,
    "cat >/root/hostile && chmod 755 /root/hostile && cp /root/hostile $(readlink -f /usr/local/lib/ha-rancher/current)/host/agent",
    file,
  );
  const result = await haRancher("down");
  assert.equal(result.code, 0);
  assertShown(result);
  assert.equal(readFileSync(target, "utf8"), "a key\n");
});
