import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { installPackages } from "../../lab";
import { type BoxInputs, cloudBox } from "../../providers/vagrant/debian-box";
import { buildSystem, busyHost, cloudImage, vagrantDebian } from "../boxes";
import { hasFailed, step } from "../lab/steps";
import { busyDisks, cloudDisks, type ForeignHost, type Login } from "./foreign-hosts";
import { ForeignWorld } from "./foreign-world";
import { Matrix } from "./matrix";

/*
 * Systems as users have them, as machines and as hosts. For each of them: up, a second up, refresh, the loss of the active node,
 * a quick drill, down. At the end the times of all of them are printed as a table. Each step goes on from where the one before it
 * stopped, so after a failure the rest is not run.
 */

const vip = "192.168.56.100";
const machineNodes = [
  { name: "one", address: "192.168.56.101" },
  { name: "two", address: "192.168.56.102" },
];
const hosts: ForeignHost[] = [
  { name: "left", address: "192.168.56.103" },
  { name: "right", address: "192.168.56.104" },
];
const debian: Login = { user: "debian", port: 22 };
const owner: Login = { user: "owner", port: 2222 };

let world: ForeignWorld;
let files: { box: string; image: string; busy: string };
let cloud: BoxInputs;
const matrix = new Matrix();
const say = (line: string): void => console.log(line);

interface Status {
  healthy: boolean;
  holders: string[];
}

async function status(): Promise<Status> {
  return JSON.parse((await world.haRancher("status", "--json")).stdout) as Status;
}

async function until(seconds: number, isThere: (now: Status) => boolean): Promise<Status> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const now = await status();
    if (isThere(now)) return now;
    assert.ok(Date.now() < end, `not so in ${seconds} s: ${JSON.stringify(now)}`);
    await sleep(2_000);
  }
}

const healthyWithin = (seconds: number): Promise<Status> => until(seconds, ({ healthy }) => healthy);

/** How a kind of node loses its power, and gets it back. */
interface Power {
  off(name: string): Promise<unknown>;
  on(name: string): Promise<unknown>;
  /** Options with which a drill may break it. */
  breaks: string[];
}

const ofMachines: Power = {
  off: (name) => world.mustHaRancher("power-off", name),
  on: (name) => world.mustHaRancher("power-on", name),
  breaks: [],
};
const ofHosts: Power = {
  off: (name) => world.must(["virsh", "destroy", `foreign_${name}`]),
  on: (name) => world.must(["virsh", "start", `foreign_${name}`]),
  breaks: hosts.flatMap(({ name }) => ["--yes-break", name]),
};

before(async () => {
  await installPackages(say);
  files = {
    box: await buildSystem(vagrantDebian, say),
    image: await buildSystem(cloudImage, say),
    busy: await buildSystem(busyHost, say),
  };
  world = await ForeignWorld.start({ "/cloud.qcow2": files.image });
  const checksum = createHash("sha512").update(readFileSync(files.image)).digest("hex");
  cloud = cloudBox({ url: world.urlOf("/cloud.qcow2"), checksum: `sha512:${checksum}` });
});

after(async () => {
  console.log(matrix.text());
  if (hasFailed()) await world?.haRancher("logs").catch(() => undefined);
  await world?.end();
});

/** The rows of the matrix, for a stack whose file is written. */
function rows(
  column: string,
  { off, on, breaks }: Power,
  meanwhile: () => Promise<void> = async () => {},
): void {
  const row = (name: string, action: () => Promise<void>): void =>
    step(`${column}: ${name}`, async () => {
      await matrix.time(column, name, action);
      await meanwhile();
    });
  row("up", async () => {
    await world.mustHaRancher("up");
    await healthyWithin(300);
  });
  row("second up", async () => {
    assert.doesNotMatch(await world.mustHaRancher("up"), /\d+ (created|updated|replaced|deleted|to )/);
  });
  row("refresh", async () => {
    await world.mustHaRancher(
      "shell",
      "--",
      "pulumi",
      "refresh",
      "--yes",
      "--skip-preview",
      "--expect-no-changes",
    );
    await world.mustHaRancher("shell", "--", "pulumi", "preview", "--expect-no-changes");
  });
  row("failover", async () => {
    const [holder = ""] = (await status()).holders;
    await off(holder);
    await until(240, ({ holders }) => holders.length === 1 && holders[0] !== holder);
    await on(holder);
    assert.ok(!(await healthyWithin(600)).holders.includes(holder));
  });
  row("quick drill", async () => {
    await world.mustHaRancher("drill", "--quick", "--trials", "1", ...breaks);
  });
}

const goesDown = (column: string): void =>
  step(`${column}: down`, () =>
    matrix.time(column, "down", async () => void (await world.mustHaRancher("down"))),
  );

/** Settings of a stack of machines. */
const machinesOf = (box: Record<string, unknown>) => ({
  ...{ vip: `${vip}/24`, nodes: machineNodes, cpus: 1 },
  ...box,
});

const asMachine = "debian/bookworm64 as machines";
step("a box like debian/bookworm64 is named by its file", async () => {
  const checksum = createHash("sha256").update(readFileSync(files.box)).digest("hex");
  world.write(machinesOf({ box: "like/bookworm64", boxUrl: files.box, boxChecksum: `sha256:${checksum}` }));
});
rows(asMachine, ofMachines);
goesDown(asMachine);

const asCloudMachine = "cloud image as machines";
step("a cloud image with another checksum is refused, and nothing is left of it", async () => {
  const wrong = `sha512:${"0".repeat(128)}`;
  world.write(machinesOf({ boxUrl: cloud.boxUrl, boxChecksum: wrong }));
  const { code, stdout, stderr } = await world.haRancher("up");
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /`boxUrl`: .*another checksum than sha512:0{128}/);
  assert.equal((await world.must(["virsh", "list", "--all", "--name"])).trim(), "");
  await world.mustHaRancher("down");
});
step("a box is made of the cloud image, which the lab's loopback serves", async () => {
  world.write(machinesOf({ boxUrl: cloud.boxUrl, boxChecksum: cloud.boxChecksum }));
});
rows(asCloudMachine, ofMachines);
step("its machines are of the box that was made of it, once", async () => {
  const list = await world.must(["vagrant", "box", "list"]);
  assert.equal(list.split(cloud.box).length - 1, 1, list);
});
goesDown(asCloudMachine);

/** Nodes of hosts that exist. */
const hostsOf = ({ user, port }: Login) => ({
  vip: `${vip}/24`,
  nodes: hosts.map((host) => ({ ...host, host: { user, port, keyFile: world.keyFile } })),
});

/** What is a host's owner's, as lines: settings, addresses, groups; and that nothing of this project is there. */
const inventory = [
  `for path in ${[
    ...[
      "/etc/docker/daemon.json",
      "/etc/nftables.conf",
      "/etc/ssh/sshd_config.d",
      "/etc/sudoers.d",
      "/etc/netplan",
    ],
    ...[
      "/etc/NetworkManager",
      "/etc/network",
      "/etc/cloud",
      "/etc/hosts",
      "/etc/hostname",
      "/etc/apt",
      "/etc/fstab",
    ],
  ].join(" ")}; do [ ! -e $path ] || find $path -type f -exec md5sum {} + | sort -k2; done`,
  "ip -o -4 addr show | awk '{print $2, $4}' | grep -v docker0 | sort",
  "id -nG $SUDO_USER",
  "ls -d /etc/ha-rancher /var/lib/ha-rancher /run/ha-rancher /etc/keepalived 2>/dev/null; true",
  "command -v nft >/dev/null && nft list tables | grep ha_rancher; true",
].join("; ");
const untouched: Record<string, string> = {};

function hostSteps(column: string, login: Login, disks: typeof cloudDisks, image: () => string): void {
  step(`${column}: two of them are there`, async () => {
    const folder = world.hostsFolder();
    const made = [];
    for (const host of hosts)
      made.push({ host, disks: await disks(folder, image(), host, login, world.publicKey) });
    await world.startHosts(made, login);
    for (const host of hosts) untouched[host.name] = await world.on(host, login, inventory);
    world.write(hostsOf(login));
  });
}

function hostsEnd(column: string, login: Login, isWell: () => Promise<void>): void {
  goesDown(column);
  step(`${column}: the hosts are as they were, and run`, async () => {
    for (const host of hosts)
      assert.equal(await world.on(host, login, inventory), untouched[host.name], host.name);
    await isWell();
    await world.endHosts();
  });
}

const asCloudHost = "cloud image as hosts";
hostSteps(asCloudHost, debian, cloudDisks, () => files.image);
rows(asCloudHost, ofHosts);
hostsEnd(asCloudHost, debian, async () => {});

/** What the busy hosts did before must go on. */
async function ownersThingsWork(): Promise<void> {
  for (const host of hosts) {
    const page = await world.must(["curl", "-s", "-m", "20", `http://${host.address}:8080/`]);
    assert.match(page, /the owner greets/, host.name);
    const said = await world.on(
      host,
      owner,
      [
        "docker inspect --format '{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' owners-app",
        "nft list chain inet owner input | grep -c 'policy drop'",
        "docker network inspect bridge --format '{{(index .IPAM.Config 0).Subnet}}'",
        "docker info --format '{{.LoggingDriver}} {{.LiveRestoreEnabled}}'",
        "nmcli --colors no -t -f NAME,DEVICE connection show --active | grep -c ^service:",
      ].join("; "),
    );
    assert.deepEqual(
      said.trim().split("\n"),
      ["true always", "1", "172.31.250.0/24", "local true", "1"],
      host.name,
    );
    // What the owner's firewall drops is dropped still.
    const { code } = await world.try(["curl", "-s", "-m", "5", `http://${host.address}:22/`]);
    assert.notEqual(code, 0, `${host.name}: port 22 answers`);
  }
}

const asBusyHost = "host in use as hosts";
hostSteps(asBusyHost, owner, busyDisks, () => files.busy);
step(`${asBusyHost}: what its owner runs there works before`, async () => {
  const end = Date.now() + 300_000;
  for (;;) {
    try {
      return await ownersThingsWork();
    } catch (error) {
      // Its own container is made at the first boot.
      if (Date.now() > end) throw error;
      await sleep(5_000);
    }
  }
});
rows(asBusyHost, ofHosts, ownersThingsWork);
hostsEnd(asBusyHost, owner, ownersThingsWork);
