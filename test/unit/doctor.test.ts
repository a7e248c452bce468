import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checks, examine, refuseUnfit } from "../../cli/doctor";
import type { Finding, Subject } from "../../cli/doctor/check";
import type { LabSeen } from "../../cli/doctor/machine";
import { reportText } from "../../cli/doctor/report";
import { colors } from "../../cli/ui/colors";
import { wantedPlugins } from "../../lab/plugins/install";
import { Failure } from "../../local/errors";
import { dataHome, labHome, pulumiHome, sharedDirectoryOf } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { helperFile } from "../../providers/nfs/images";
import { ownHome, put, putScript, withEnvironment } from "./cli-support";
import { asked, type Given, lines, says, settingsWith, subject } from "./doctor-support";

const vagrant = { stdout: "Vagrant 2.4.1\n" };
const virtualBox = { VBoxManage: { stdout: "Default machine folder: /x\n" } };

test("Node that is too old is a fault", async () => {
  assert.match(
    await asked("node", { nodeVersion: "18.20.1" }),
    /^fault: Node.js is 18\.20\.1, and 20 .* -> install Node/,
  );
  assert.equal(await asked("node", { nodeVersion: "22.1.0" }), "well: Node.js 22.1.0");
  assert.equal(
    await asked("node", { nodeVersion: "26.0.1" }),
    "remark: Node.js is 26.0.1, with which nothing was tested -> install Node.js 20, 22 or 24: https://nodejs.org/",
  );
});

test("Pulumi: found, to be made, or neither", async (t) => {
  ownHome(t);
  assert.match(
    await asked("pulumi", { programs: { "pulumi version": { stdout: "v3.230.1\n" } } }),
    /^well: Pulumi 3\.230\.1, on PATH/,
  );
  assert.match(
    await asked("pulumi", { programs: { "pulumi version": { stdout: "v3.100.0\n" }, go: {} } }),
    /^remark: There is no Pulumi/,
  );
  assert.match(await asked("pulumi"), /^fault: .*Go is missing -> install Pulumi 3\.220/);
  assert.match(await asked("plugins"), /^remark: Pulumi's plugins command and docker are not there yet/);
  const files = Object.fromEntries(
    wantedPlugins({ PULUMI_HOME: pulumiHome() }).flatMap(({ folder }) => [
      [folder, ""],
      [`${folder}/package.json`, '{"description":"Offline stand-in"}'],
    ]),
  );
  assert.match(
    await asked("plugins", { files }),
    /^remark: In place of Pulumi's plugins command and docker there are the lab's stand-ins/,
  );
  assert.match(await asked("plugins", { files }, { inLab: true }), /^well: .*the offline stand-ins/);
});

test("a plugin that was downloaded without a sum to check it against is told; a stand-in is none", async (t) => {
  ownHome(t);
  const [command, docker] = wantedPlugins({ PULUMI_HOME: pulumiHome() });
  assert.ok(command?.sum && docker && !docker.sum);
  const official = { [`${command.folder}/x`]: "", [`${docker.folder}/x`]: "" };
  assert.equal(
    await asked("plugins", { files: official }),
    "well: Pulumi's plugins\nremark: Pulumi's plugin docker 5.2.0 was downloaded without a check: no sum of it is known here" +
      " -> where you know the sum: pulumi plugin install resource docker 5.2.0 --reinstall --checksum SHA256",
  );
  const standIn = { ...official, [`${docker.folder}/package.json`]: '{"description": "Offline stand-in"}' };
  assert.equal(
    await asked("plugins", { files: standIn }, { inLab: true }),
    "well: Pulumi's plugins; for docker the offline stand-ins",
  );
});

test("Vagrant: missing, broken, old; not asked for in the lab or for hosts", async () => {
  assert.match(await asked("vagrant"), /^fault: `vagrant` is not on PATH.* -> install Vagrant/);
  assert.match(
    await asked("vagrant", { programs: { vagrant: { code: 1, stderr: "no ruby\nbad interpreter" } } }),
    /^fault: `vagrant --version` fails: bad interpreter/,
  );
  assert.match(
    await asked("vagrant", { programs: { vagrant: { stdout: "Vagrant 2.2.6" } } }),
    /^fault: Vagrant is 2\.2\.6, and/,
  );
  assert.equal(await asked("vagrant", { programs: { vagrant } }), "well: Vagrant 2.4.1");
  assert.equal(await asked("vagrant", {}, { hypervisor: "lab" }), "");
  assert.equal(await asked("vagrant", {}, { hypervisor: undefined }), "");
});

test("hypervisors are tried: installed is not enough", async () => {
  assert.match(await asked("hypervisor"), /^fault: `VBoxManage` is not on PATH.* -> install VirtualBox/);
  const module = { ...virtualBox.VBoxManage, stderr: "WARNING: The vboxdrv kernel module is not loaded." };
  assert.match(
    await asked("hypervisor", { programs: { VBoxManage: module } }),
    /^fault: VirtualBox is installed and does not work .*vboxdrv.* -> sudo \/sbin\/vboxconfig/,
  );
  assert.match(await asked("hypervisor", { programs: virtualBox }), /^well: VirtualBox/);
  const libvirt = { hypervisor: "libvirt" } as const;
  assert.match(await asked("hypervisor", {}, libvirt), /^fault: `virsh` is not on PATH/);
  const refused = { code: 1, stderr: "error: Failed to connect socket: Permission denied" };
  assert.match(
    await asked("hypervisor", { programs: { virsh: refused } }, libvirt),
    /^fault: libvirt does not answer: .*Permission denied -> .*--append --groups libvirt ann/,
  );
  assert.match(
    await asked("hypervisor", { programs: { virsh: {}, vagrant } }, libvirt),
    /^fault: Vagrant has no plugin for libvirt -> vagrant plugin install vagrant-libvirt/,
  );
  const plugin = { virsh: {}, "vagrant plugin list": { stdout: "vagrant-libvirt (0.12.2, global)" } };
  assert.match(await asked("hypervisor", { programs: plugin }, libvirt), /^well: libvirt answers/);
});

test("the lab's own reasons are told, each with its way out", async (t) => {
  // It cannot be in /proc, whoever asks.
  withEnvironment(t, { XDG_CACHE_HOME: "/proc/x", HA_RANCHER_LAB: undefined });
  const found = await asked("hypervisor", {}, { hypervisor: "lab" });
  assert.match(
    found,
    process.getuid?.() === 0
      ? /^fault: the lab's folder \/proc\/x.*-> name another/m
      : /^fault: .* needs root/,
  );
});

test("a processor without virtualisation: a fault for VirtualBox, a remark where there is emulation", async () => {
  const flags = (word: string) => ({ "/proc/cpuinfo": `flags\t\t: fpu ${word} sse\n` });
  assert.match(
    await asked("virtualisation", { files: flags("x") }),
    /^fault: The processor has no virtualisation.* -> enable VT-x/,
  );
  assert.equal(await asked("virtualisation", { files: flags("vmx") }), "well: The processor can virtualise");
  assert.match(
    await asked("virtualisation", { files: flags("svm") }, { hypervisor: "lab" }),
    /^remark: There is no \/dev\/kvm.* -> modprobe kvm_intel/,
  );
  assert.equal(await asked("virtualisation", {}, { hypervisor: undefined }), "");
});

test("host-only ranges: the line that allows the network keeps those that are allowed", async () => {
  const outside = settingsWith({
    box: "x/y",
    vip: "192.168.0.10/24",
    nodes: '[{"name":"a","address":"192.168.0.11"},{"name":"b","address":"192.168.0.12"}]',
  });
  assert.match(
    await asked("host-only-ranges", {}, { settings: outside }),
    /^fault: .*192\.168\.56\.0\/21.* 192\.168\.0\.11 and 192\.168\.0\.12 is outside -> .*'\* 192\.168\.56\.0\/21\\n\* 192\.168\.0\.0\/24\\n' \| sudo tee \/etc\/vbox\/networks\.conf/,
  );
  const files = { "/etc/vbox/networks.conf": "* 192.168.0.0/16\n" };
  assert.match(await asked("host-only-ranges", { files }, { settings: outside }), /^well/);
  assert.match(await asked("host-only-ranges"), /^well/);
  assert.equal(await asked("host-only-ranges", {}, { hypervisor: "lab" }), "");
});

test("networks: bridges that do not exist, a network that is taken, ports that are taken", async () => {
  const bridged = settingsWith({ box: "x/y", bridge: '["en7"]' });
  assert.match(
    await asked("bridge", {}, { settings: bridged }),
    /^fault: None of `bridge` \(en7\).* -> name one of eth0/,
  );
  const device = { addresses: () => [{ device: "en7", cidr: "192.168.56.5/24" }] };
  assert.match(
    await asked("bridge", device, { settings: bridged }),
    /^well: The machines are bridged to en7/,
  );
  assert.match(
    await asked("subnet", device),
    /^fault: en7 of this machine \(192\.168\.56\.5\/24\) is in the nodes' network/,
  );
  const own = { addresses: () => [{ device: "vboxnet0", cidr: "192.168.56.1/24" }] };
  assert.match(await asked("subnet", own), /^well/);

  const forwarded = settingsWith({
    box: "x/y",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.11", machine: { ports: [{ guest: 443, host: 3300, count: 2 }] } },
      { name: "b", address: "192.168.56.12" },
    ]),
  });
  const taken = { isFree: async (port: number) => port !== 3301 };
  assert.match(
    await asked("ports", taken, { settings: forwarded }),
    /^fault: 3301 \(a\) is in use.* -> .*sport = :3301/,
  );
  assert.match(await asked("ports", {}, { settings: forwarded }), /^well: 2 ports/);
});

test("the kernel's NFS server: its times, and what longer ones cost", async () => {
  const server = (times: Record<string, string>, programs: Given["programs"] = {}) => ({
    programs,
    files: { "/proc/net/rpc/nfsd": "rc 0 0 0\nth 8 0 0.000\n", ...times },
  });
  const running = (lease: number, grace: number) =>
    server({
      "/proc/fs/nfsd/nfsv4leasetime": `${lease}\n`,
      "/proc/fs/nfsd/nfsv4gracetime": `${grace}\n`,
    });
  assert.match(
    await asked("nfs-times", running(90, 90)),
    /^remark: .*keeps the lock of a node that died for 90 s, so that a failover takes as long and not 15 s .*for 90 s after it was restarted.*not for 20 s.* -> .*lease-time=15\\ngrace-time=20\\n.*nfs\.conf\.d.*restart nfs-server/s,
  );
  assert.match(
    await asked("nfs-times", running(15, 20)),
    /^well: The NFS server's lease is 15 s, its grace 20 s/,
  );
  assert.match(
    await asked("nfs-times", running(10, 20)),
    /^fault: .* after 10 s, .*`guard.watchdog` \(10 s\)/,
  );
  // nfsd's own files are root's: what is set counts then, and without that the kernel's own times.
  assert.match(await asked("nfs-times", server({})), /^remark: .*for 90 s/);
  const set = {
    "nfsconf --get nfsd lease-time": { stdout: "15\n" },
    "nfsconf --get nfsd grace-time": { stdout: "20\n" },
  };
  assert.match(await asked("nfs-times", server({}, set)), /^well/);
  assert.equal(await asked("nfs-times", { files: {} }), "", "no server runs");
  assert.equal(await asked("nfs-times", running(90, 90), { inLab: true }), "");
  const three = settingsWith({ box: "x/y", nfsVersion: "3" });
  assert.equal(await asked("nfs-times", running(90, 90), { settings: three }), "");
});

test("the export's file system: the system's, its own, and in prod", async () => {
  const table = (...points: string[]): string =>
    points.map((point) => `36 35 98:0 / ${point} rw - ext4 /dev/x rw`).join("\n");
  const on = (...points: string[]) => ({ files: { "/proc/self/mountinfo": table(...points) } });
  const known = { nodes: [] } as unknown as NonNullable<Subject["known"]>;
  const here = (raw = {}) => ({
    settings: settingsWith({ storage: "host", sharedDirectory: "/srv/rancher/shared", ...raw }),
    known,
  });
  assert.match(
    await asked("export", on("/"), { ...here(), known: undefined }),
    /^fault: .*is on the file system of/,
    "a new stack",
  );
  assert.match(
    await asked("export", on("/"), here()),
    /^remark: .*is on the file system of \/: root on a node/,
  );
  assert.match(await asked("export", on("/", "/srv/rancher-2"), here()), /^remark: .*file system of \/:/);
  assert.match(
    await asked("export", on("/"), here({ environment: "prod" })),
    /^fault: .* -> leave `sharedDirectory` out for an image/,
  );
  assert.match(await asked("export", on("/", "/srv/rancher"), here()), /^well: .*its own, \/srv\/rancher/);
  assert.match(
    await asked("export", on("/", "/var"), here({ sharedDirectory: "/var/lib/x" })),
    /^remark: .*file system of \/var/,
  );
  assert.equal(await asked("export", on("/"), { ...here(), inLab: true }), "");
});

test("the export's file system: an image, its program, and the order that moves what was there before", async (t) => {
  const home = ownHome(t);
  const known = { nodes: [] } as unknown as NonNullable<Subject["known"]>;
  const programs = { "mkfs.xfs": {} };
  assert.match(await asked("export", { programs }), /^well: .*a file system of its own, of 5 GiB$/);
  assert.match(await asked("export"), /^fault: .*`mkfs.xfs` is missing -> apt-get install xfsprogs/);
  const former = sharedDirectoryOf("dev");
  assert.ok(former.startsWith(home));
  const said = await asked(
    "export",
    { programs, files: { [`${former}/data/x`]: "" }, isRoot: true },
    { known },
  );
  assert.match(said, /^remark: .* is on the file system of \/: .*It stays so until you move its data/s);
  for (const line of [
    "npm run stop -- 'its data moves'",
    `sudo ${helperFile(true)} move ha-rancher-dev 5 ${former}`,
    "npm run start",
  ])
    assert.ok(said.includes(line), said);
});

test("NFS: not installed, no kernel module, not started", async () => {
  assert.match(await asked("nfs"), /^fault: .*`exportfs` is missing -> apt-get install nfs-kernel-server/);
  const exportfs = { exportfs: {} };
  assert.match(
    await asked("nfs", { programs: exportfs }),
    /^fault: The kernel has no NFS server .* -> modprobe nfsd/,
  );
  const files = { "/proc/filesystems": "nodev\tsysfs\nnodev\tnfsd\n" };
  assert.match(
    await asked("nfs", { programs: exportfs, files }),
    /^fault: The kernel's NFS server does not run -> systemctl enable --now nfs-server/,
  );
  const running = { "/proc/fs/nfsd/threads": "8\n" };
  assert.match(await asked("nfs", { programs: exportfs, files: running }), /^well: .* 8 threads/);
  // As somebody who is not root sees it.
  const counts = { "/proc/net/rpc/nfsd": "rc 0 0 0\nth 8 0 0.000\n" };
  assert.match(await asked("nfs", { programs: exportfs, files: counts }), /^well: .* 8 threads/);
  assert.match(await asked("nfs", { platform: "darwin" }), /^fault: .*Linux only, and this is darwin/);
  assert.equal(await asked("nfs", {}, { inLab: true }), "");
  // Somebody else serves it then: what this machine can is not asked.
  for (const storage of ["server", "machine"]) {
    const settings = settingsWith({
      box: "debian/bookworm64",
      ...{ storage, nfsAddress: "192.168.56.5", sharedDirectory: "/srv/data" },
    });
    assert.equal(await asked("nfs", { platform: "darwin" }, { settings }), "", storage);
  }
});

test("sudo: the very lines of sudoers that are missing", async (t) => {
  const bin = join(ownHome(t), "bin");
  for (const name of ["exportfs", "tee", "rm", "mkdir"]) putScript(join(bin, name), []);
  withEnvironment(t, { PATH: `${bin}:/usr/bin:/bin` });
  const refusing = { sudo: { code: 1, stderr: "sudo: a password is required" } };
  const settings = settingsWith({ box: "x/y", sharedDirectory: "/srv/own" });
  const said = await asked("sudo", { programs: refusing }, { settings });
  assert.match(said, /^fault: sudo would ask for a password/);
  for (const line of [
    `ann ALL=(root) NOPASSWD: ${bin}/tee /etc/exports.d/ha-rancher-dev.exports`,
    `ann ALL=(root) NOPASSWD: ${bin}/exportfs -ra`,
  ])
    assert.ok(said.includes(line), said);
  assert.match(await asked("sudo", {}, { settings }), /^fault: .*`sudo` is not on PATH/);
  assert.match(await asked("sudo", { programs: { sudo: {} } }, { settings }), /^well/);
  assert.match(await asked("sudo", { isRoot: true }), /^well: This is root/);
});

test("sudo: the one helper that makes images, installed and of this version", async () => {
  assert.match(await asked("sudo"), /^fault: .*`sudo` is not on PATH/);
  const sudo = { sudo: {} };
  assert.match(
    await asked("sudo", { programs: sudo }),
    /^fault: The helper .* is not installed, or of another version -> sudo install -d /,
  );
  const folder = dirname(helperFile(false));
  const files = Object.fromEntries(
    readdirSync(join(packageRoot, "node/export"), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [join(folder, name), readFileSync(join(packageRoot, "node/export", name), "utf8")]),
  );
  assert.match(
    await asked("sudo", { programs: sudo, files }),
    /^well: sudo lets the export be made by its helper alone/,
  );
  const refusing = { sudo: { code: 1 } };
  assert.match(
    await asked("sudo", { programs: refusing, files }),
    /^fault: sudo would ask for a password .*\nann ALL=\(root\) NOPASSWD: \/usr\/local\/lib\/ha-rancher-export\/export\/helper$/s,
  );
  const other = { ...files, [join(folder, "image.py")]: "# of another version" };
  assert.match(await asked("sudo", { programs: sudo, files: other }), /^fault: .*of another version/);
});

test("memory and disk: too little at all, and too little free", async () => {
  const memory = (total: number, available: number) =>
    asked("memory", { memory: () => ({ total, available }) });
  assert.match(
    await memory(8_000, 7_000),
    /^fault: 2 machines with 4096 MiB each need 9\.5 GiB .* has 7\.8 GiB in all/,
  );
  assert.match(await memory(16_000, 7_000), /^remark: .* and 6\.8 GiB are free/);
  assert.match(await memory(32_000, 20_000), /^well/);
  assert.match(
    await asked("disk", { free: () => 3_000 }),
    /^fault: 2\.9 GiB are free for .*, and 10\.0 GiB are needed/,
  );
  assert.match(await asked("disk"), /^well/);
});

test("the clock: wrong, and not synchronized", async () => {
  assert.match(
    await asked("clock", { now: 0 }),
    /^fault: The clock says 1970-01-01.* -> timedatectl set-ntp true/,
  );
  assert.match(
    await asked("clock", { programs: { timedatectl: { stdout: "no\n" } } }),
    /^remark: .* not synchronized/,
  );
  assert.match(await asked("clock", { programs: { timedatectl: { stdout: "yes\n" } } }), /^well: .*NTP/);
  assert.match(await asked("clock"), /^well: .* is not known/);
});

/** A local backend with a stack that is there, in this test's home. */
function backendWith(stack: string): Subject["backend"] {
  const folder = join(dataHome(), "backend");
  const resources = [{ urn: "x", type: "pulumi:pulumi:Stack" }];
  put(
    join(folder, ".pulumi", "stacks", "ha-rancher", `${stack}.json`),
    JSON.stringify({ checkpoint: { latest: { resources } } }),
  );
  return { url: `file://${folder}`, local: true };
}

test("leftovers: folders and exports of stacks that are gone, each with the command that removes it", async (t) => {
  ownHome(t);
  const backend = backendWith("alive");
  const folders = {
    [join(dataHome(), "machines", "alive", "a", "machine.json")]: "{}",
    [join(dataHome(), "machines", "dead", "a", "machine.json")]: "{}",
    [join(labHome(), "machines", "gone", "b", "machine.json")]: "{}",
  };
  const found = await asked("machine-folders", { files: folders }, { backend });
  assert.equal(found.split("\n").length, 2, found);
  assert.match(
    found,
    /^remark: .*\/machines\/dead\/a is of .* stack dead.* -> cd \S+\/dead\/a && vagrant destroy --force; cd \/ && rm -r/m,
  );
  assert.match(found, /\/machines\/gone\/b is of .* -> HA_RANCHER_LAB_NAME=lab npm run down -- --lab/);
  const exported = {
    "/etc/exports.d/ha-rancher-alive.exports": "",
    "/etc/exports.d/ha-rancher-dead.exports": "",
    "/etc/exports.d/other.exports": "",
  };
  assert.match(
    await asked("exports", { files: exported }, { backend }),
    /^remark: \S+ha-rancher-dead\.exports exports .* -> sudo rm \S+ha-rancher-dead\.exports && sudo exportfs -ra$/,
  );
  const elsewhere = { backend: { url: "https://api.pulumi.com", local: false } };
  assert.equal(
    await asked("exports", { files: exported }, elsewhere),
    "",
    "nobody can tell which stacks there are",
  );
});

/** What the doctor says of a namespace, by what its lab says of itself. */
async function ofNamespace(lab: LabSeen, given: Given = {}): Promise<{ said: string; fix: Finding["fix"] }> {
  const files = { "/run/netns/ha-rancher-x": "", "/run/netns/other": "" };
  const found = await says(checks, "namespaces", subject({ files, lab: () => lab, ...given }));
  return { said: lines(found), fix: found[0]?.fix };
}

const unknown: LabSeen = { owner: undefined, isOwn: false, isKnown: false, isAlive: true };
const anns = { user: "ann", home: "/home/ann/.cache/ha-rancher/labs/x" };

test("namespaces: another's lab is named, and nobody is told how to end it", async () => {
  const living = await ofNamespace({ ...unknown, owner: anns });
  assert.equal(
    living.said,
    `well: The network namespace ha-rancher-x is of ann's lab in ${anns.home}, which runs`,
  );
  const dead = await ofNamespace({ ...unknown, owner: anns, isAlive: false }, { isRoot: true });
  assert.match(
    dead.said,
    /^remark: .*ann's lab in .* -> ann: XDG_CACHE_HOME=\/home\/ann\/\.cache HA_RANCHER_LAB_NAME=x npm run down -- --lab$/,
  );
  const nobodys = await ofNamespace(unknown, { isRoot: true });
  assert.match(nobodys.said, /^remark: Nobody says whose .* leave it alone$/);
  const unseen = await ofNamespace({ ...unknown, isAlive: false });
  assert.match(unseen.said, /^remark: Nobody says whose .* seen by root alone -> sudo npm run doctor$/);
  for (const { said, fix } of [living, dead, nobodys, unseen]) {
    assert.doesNotMatch(said, /kill|netns del/);
    assert.equal(fix, undefined);
  }
});

test("namespaces: this user's labs, and what is left of one whose folder is gone", async () => {
  const own = { owner: anns, isOwn: true, isKnown: true, isAlive: true };
  assert.equal((await ofNamespace(own)).said, "well: Network namespaces of this user's labs: ha-rancher-x");
  const programs = { "ip netns pids ha-rancher-x": { stdout: "17\n18\n" } };
  const busy = await ofNamespace({ ...own, isKnown: false }, { programs });
  assert.match(
    busy.said,
    /^remark: .* of this user whose folder .* is gone, and 2 processes .* -> kill 17 18; ip netns del ha-rancher-x$/,
  );
  assert.equal(busy.fix, undefined);
});

test("namespaces: an empty one that nobody has, or of an own lab that is gone, can be removed without harm", async () => {
  const empty = { ...unknown, isAlive: false };
  const ours = { ...empty, owner: anns, isOwn: true };
  for (const seen of [empty, ours]) {
    const given = { isRoot: true, programs: { ip: {} } };
    const { said, fix } = await ofNamespace(seen, given);
    assert.match(said, /^remark: .* -> ip netns del ha-rancher-x$/);
    assert.equal(await fix?.(), "the network namespace ha-rancher-x removed");
    const failing = { "ip netns del ha-rancher-x": { code: 1, stderr: "busy" } };
    const stuck = await ofNamespace(seen, { ...given, programs: failing });
    await assert.rejects(async () => stuck.fix?.(), /busy/);
    // Somebody starts his lab in it meanwhile.
    let isAlive = false;
    const changing = await ofNamespace(seen, { ...given, lab: () => ({ ...seen, isAlive }) });
    isAlive = true;
    await assert.rejects(async () => changing.fix?.(), /something runs in ha-rancher-x by now/);
  }
});

test("leftovers: provider processes of a Pulumi that is gone", async () => {
  const process = (pid: number, parent: number, command: string) => ({
    [`/proc/${pid}/cmdline`]: command.replaceAll(" ", "\0"),
    [`/proc/${pid}/status`]: `Name:\tnode\nPPid:\t${parent}\n`,
  });
  const own = globalThis.process.pid;
  const provider = 'node -e require("@pulumi/pulumi/cmd/dynamic-provider") x';
  for (const program of [
    provider,
    "node /x/bin/dynamic-provider.cjs x",
    "node /x/dist/local/previews/main.js x",
  ])
    assert.match(
      await asked("processes", { files: process(own, 1, program) }),
      new RegExp(`^remark: 1 provider processes .* -> kill ${own}$`),
    );
  assert.match(await asked("processes", { files: process(own, 5, provider) }), /^well/);
  assert.match(await asked("processes", { files: process(own, 1, "node index.js") }), /^well/);
});

test("leftovers: what an interrupted update left", async () => {
  const known = {
    outputs: {},
    resources: 3,
    interrupted: true,
    pendingCreates: [],
    machines: [],
  } as unknown as Subject["known"];
  assert.match(
    await asked("interrupted", {}, { known }),
    /^remark: Pulumi was killed.* -> npm run up -- --stack dev/,
  );
  assert.equal(await asked("interrupted"), "");
});

test("a check that fails itself does not hide the others", async () => {
  const broken = { name: "broken", look: () => Promise.reject(new Error("no such thing")) };
  const found = await examine([broken, ...checks.filter(({ name }) => name === "node")], subject());
  assert.equal(lines(found), "fault: The check failed: no such thing\nwell: Node.js 20.11.1");
});

test("before a stack is made, all faults that matter are told at once, and remarks are not", async () => {
  const unfit = subject({ nodeVersion: "18.0.0", isRoot: true, free: () => 10 });
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  await assert.rejects(refuseUnfit(unfit, say), (error) => {
    assert.ok(error instanceof Failure);
    for (const name of ["node", "vagrant", "hypervisor", "virtualisation", "nfs", "disk"]) {
      const isAsked = checks.find((check) => check.name === name)?.beforeUp;
      assert.equal(error.message.includes(`- ${name}: `), isAsked === true, `${name} in ${error.message}`);
    }
    return true;
  });
  assert.match(said.join("\n"), /^Remark: box: /m);
  const fit: Given = {
    isRoot: true,
    programs: { ...virtualBox, vagrant, exportfs: {}, "mkfs.xfs": {} },
    files: { "/proc/fs/nfsd/threads": "8", "/proc/cpuinfo": "flags : vmx" },
  };
  await refuseUnfit(subject(fit), say);
});

test("the report: each check with its meaning and what mends it, and how many faults there are", async () => {
  const results = await examine(
    checks.filter(({ name }) => name === "node" || name === "vagrant"),
    subject(),
  );
  const text = reportText(subject(), results, colors);
  assert.match(text, /^dev {2}machines: virtualbox\n/);
  assert.match(text, /^ok {6}node {5}Node\.js 20\.11\.1$/m);
  assert.match(text, /^FAULT {3}vagrant {2}`vagrant` is not on PATH.*\n {17}-> install Vagrant/m);
  assert.match(text, /\n1 fault, 0 remarks$/);
});

test("the command: JSON, --fix, and its exit code, on a machine where nearly everything is missing", async (t) => {
  const home = ownHome(t);
  const bin = join(home, "bin");
  putScript(join(bin, "true"), []);
  symlinkSync(process.execPath, join(bin, "node"));
  // A lock of a process that is gone.
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "close");
  const locks = join(dataHome(), "backend", ".pulumi", "locks", "organization", "ha-rancher", "dev");
  const lock = put(join(locks, "1.json"), JSON.stringify({ pid: dead.pid, hostname: hostname() }));
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const run = (...args: string[]) =>
    tryRun(process.execPath, [program, "doctor", ...args], { env: { ...process.env, PATH: bin } });
  const { code, stdout } = await run("--json");
  const report = JSON.parse(stdout) as {
    ok: boolean;
    hypervisor: string;
    checks: { check: string; state: string; fixable: boolean }[];
  };
  const stateOf = (name: string): string | undefined =>
    report.checks.find(({ check }) => check === name)?.state;
  assert.equal(code, 1);
  assert.equal(report.ok, false);
  assert.equal(report.hypervisor, "lab");
  assert.equal(stateOf("settings"), "well");
  assert.equal(stateOf("pulumi"), "fault");
  assert.ok(report.checks.some(({ check, fixable }) => check === "locks" && fixable));
  assert.ok(existsSync(lock), "only --fix mends");
  const fixed = await run("--fix");
  assert.match(fixed.stderr, /mended {2}locks: 1 lock of the stack dev removed/);
  assert.equal(existsSync(lock), false);
  assert.match(fixed.stdout, /^ok {6}locks/m);
  const wrong = await run("--stack", "no-such-stack");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /FAULT {3}settings +There is no .*no-such-stack/);
});

test("docs/doctor.md tells of every check, and of what is asked before an update", () => {
  const text = readFileSync(join(packageRoot, "docs", "doctor.md"), "utf8");
  const told = [...text.matchAll(/^\| `([\w-]+)`( \*)? \|/gm)].map(([, name, star]) => [
    name,
    star !== undefined,
  ]);
  assert.deepEqual(
    told,
    checks.map(({ name, beforeUp = false }) => [name, beforeUp]),
  );
});
