import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { MachinesLab } from "../../drill/rig/vagrant/machines-lab";
import { step } from "../lab/steps";

/*
 * What engine tests show with a fake `vagrant`, on real machines of libvirt: each test goes on from where the one before
 * it stopped, so after a failure the rest is not run.
 */

const addresses: Record<string, string> = { one: "192.168.56.21", two: "192.168.56.22" };

let lab: MachinesLab;
const ssh = (name: string, command: string): Promise<string> => lab.ssh(name, addresses[name] ?? "", command);

/** Another after every boot. */
const bootOf = (name: string): Promise<string> => ssh(name, "cat /proc/sys/kernel/random/boot_id");

const stateOf = async (name: string): Promise<unknown> => (await lab.recorded(name))?.outputs.state;

const lines = (text: string): string[] => text.split("\n").flatMap((line) => line.trim() || []);

/** The disks of machines; the pool has the box's volume besides, which they are copies of. */
const disks = async (): Promise<string[]> =>
  lines(await lab.must("virsh", "vol-list", "--pool", "default"))
    .slice(2)
    .filter((line) => line.startsWith("ha-rancher-") && !line.includes("_vagrant_box_image_"));

const unchanged = (): Promise<string> => lab.pulumi("preview", "--expect-no-changes");

before(async () => {
  lab = await MachinesLab.start();
});

after(async () => {
  await lab?.end();
});

step("up makes two machines, with their names, addresses and keys", async () => {
  for (const [name, address] of Object.entries(addresses)) lab.set(name, lab.argsOf(name, `${address}/24`));
  await lab.pulumi("up");
  for (const name of Object.keys(addresses)) {
    assert.equal(await ssh(name, "hostname"), name);
    assert.equal((await ssh(name, "wc -l < .ssh/authorized_keys")).trim(), "1");
  }
  assert.equal((await disks()).length, 2);
});

step("a second up, a refresh and a preview change nothing", async () => {
  await lab.pulumi("up", "--expect-no-changes");
  await lab.pulumi("refresh", "--expect-no-changes");
  await unchanged();
});

step("halted: the next up starts it, and leaves the other alone", async () => {
  const boot = await bootOf("two");
  await lab.must("virsh", "destroy", await lab.machineId("one"));
  await lab.pulumi("refresh");
  assert.equal(await stateOf("one"), "shutoff");
  await lab.pulumi("up");
  assert.equal(await stateOf("one"), "running");
  assert.equal(await ssh("one", "hostname"), "one");
  assert.equal(await bootOf("two"), boot);
  await unchanged();
});

step("suspended: the next up resumes it, without a boot", async () => {
  const boot = await bootOf("one");
  await lab.must("virsh", "suspend", await lab.machineId("one"));
  await lab.pulumi("refresh");
  assert.equal(await stateOf("one"), "paused");
  await lab.pulumi("up");
  assert.equal(await bootOf("one"), boot);
});

step("deleted by hand: it is made again, with nothing left of the first", async () => {
  const [gone, boot] = [await lab.machineId("two"), await bootOf("one")];
  await lab.must("virsh", "destroy", gone);
  await lab.must("virsh", "undefine", gone);
  await lab.pulumi("refresh");
  assert.equal(await lab.recorded("two"), undefined);
  assert.equal((await disks()).length, 1, "its disk is gone, too");
  await lab.pulumi("up");
  assert.notEqual(await lab.machineId("two"), gone);
  assert.equal(await ssh("two", "hostname"), "two");
  assert.equal(await bootOf("one"), boot);
});

step("another memory: that machine restarts with it, and it alone", async () => {
  const [one, two] = [await bootOf("one"), await bootOf("two")];
  lab.set("one", { memory: 1024 });
  await lab.pulumi("up");
  assert.notEqual(await bootOf("one"), one);
  assert.equal(await bootOf("two"), two);
  const total = Number(await ssh("one", "awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo"));
  assert.ok(total > 800, `it has ${total} MiB`);
  await unchanged();
});

step("a script and a host name: the running machine gets them", async () => {
  const boot = await bootOf("one");
  lab.set("one", { hostname: "renamed", provision: "echo done > /var/tmp/provisioned" });
  await lab.pulumi("up");
  assert.equal(await ssh("one", "hostname; cat /var/tmp/provisioned"), "renamed\ndone");
  assert.equal(await bootOf("one"), boot);
});

step("removed from the program: it is destroyed, with its disk and its folder", async () => {
  const boot = await bootOf("one");
  lab.set("two", undefined);
  await lab.pulumi("up");
  assert.equal((await lab.must("virsh", "list", "--all", "--name")).trim().split("\n").length, 1);
  assert.equal((await disks()).length, 1);
  assert.equal(existsSync(lab.directoryOf("two")), false);
  assert.equal(await bootOf("one"), boot);
});

step(
  "adopted: a machine that the state forgot is taken over as it runs, from a folder of its own",
  async () => {
    const [id, boot, old] = [await lab.machineId("one"), await bootOf("one"), lab.directoryOf("one")];
    const { urn } = (await lab.recorded("one")) ?? assert.fail("no machine in the state");
    lab.set("one", undefined);
    await lab.must("pulumi", "state", "delete", urn, "--yes", "--stack", "machines");
    lab.set(
      "one",
      lab.argsOf("one", `${addresses.one}/24`, {
        memory: 1024,
        directory: `${old}-adopted`,
        adopt: { folder: old },
      }),
    );
    await lab.pulumi("up");
    assert.equal(await lab.machineId("one"), id);
    assert.equal(await bootOf("one"), boot);
    assert.ok(existsSync(join(old, "Vagrantfile")), "the old folder stays as it was");
    rmSync(old, { recursive: true });
    await lab.pulumi("refresh", "--expect-no-changes");
    await unchanged();
  },
);

step("destroy leaves nothing", async () => {
  await lab.pulumi("destroy");
  assert.equal((await lab.must("virsh", "list", "--all", "--name")).trim(), "");
  assert.deepEqual(await disks(), []);
  assert.equal(existsSync(join(lab.folder, "machines")), false);
});
