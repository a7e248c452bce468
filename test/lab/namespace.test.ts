import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checks } from "../../cli/doctor";
import { thisMachine } from "../../cli/doctor/machine";
import { inodeOf, makeNamespace, removeNamespace, runIn } from "../../lab/namespace";
import { recordOwner } from "../../lab/owner";
import { endAll, processesIn } from "../../lab/process";
import { lines, says, subject } from "../unit/doctor-support";

const home = mkdtempSync(join(tmpdir(), "lab-namespace-"));
const name = `ha-rancher-test-${process.pid}`;
after(async () => {
  await removeNamespace(home, name);
  rmSync(home, { recursive: true });
});

const links = async () =>
  JSON.parse((await runIn(name, ["ip", "-json", "link"])).stdout).map(
    ({ ifname }: { ifname: string }) => ifname,
  );

test("a namespace whose processes were all killed is made anew: libvirt would refuse its bridges", async () => {
  const inode = await makeNamespace(home, name);
  await runIn(name, ["ip", "link", "add", "virbr0", "type", "bridge"]);
  await runIn(name, ["bash", "-c", "sleep 60 >/dev/null 2>&1 &"]);
  assert.equal(await makeNamespace(home, name), inode, "as long as something runs in it, it stays");
  assert.ok((await links()).includes("virbr0"));

  await endAll(inode);
  const second = await makeNamespace(home, name);
  assert.deepEqual(await links(), ["lo"]);
  assert.equal(await makeNamespace(home, name), second, "one without anything in it stays");
});

test("removing it ends what runs in it", async () => {
  const inode = await makeNamespace(home, name);
  await runIn(name, ["bash", "-c", "sleep 60 >/dev/null 2>&1 &"]);
  assert.equal(processesIn(inode).length, 1);
  await removeNamespace(home, name);
  assert.equal(processesIn(inode).length, 0);
  assert.equal(inodeOf(name), undefined);
});

test("whose a lab is, and whether it lives, is the same from every home", async (t) => {
  const [ours, theirs] = [
    mkdtempSync(join(tmpdir(), "lab-ours-")),
    mkdtempSync(join(tmpdir(), "lab-theirs-")),
  ];
  const lab = `test-${process.pid}`;
  const homeIn = (cache: string): string => join(cache, "ha-rancher", "labs", lab);
  const from = async (cache: string) => {
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = cache;
    try {
      return { seen: thisMachine().lab(name), ...(await doctorsWord()) };
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
    }
  };
  t.after(async () => {
    await removeNamespace(homeIn(ours), name);
    for (const folder of [ours, theirs]) rmSync(folder, { recursive: true });
  });
  const inode = await makeNamespace(homeIn(ours), name);
  const starting = await from(theirs);
  assert.equal(starting.seen?.isOwn, false);
  assert.doesNotMatch(starting.text, /kill|netns del/);
  assert.equal(starting.fixable, false);
  await assert.rejects(makeNamespace(homeIn(theirs), name), /is of \S+'s lab in .*lab-ours-.*another name/);

  const { stdout } = await runIn(name, ["bash", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"]);
  await recordOwner(name, inode, homeIn(ours), Number(stdout));
  assert.deepEqual([(await from(ours)).seen?.isKnown, (await from(ours)).seen?.isOwn], [true, true]);
  const living = await from(theirs);
  assert.match(
    living.text,
    new RegExp(`^well: .*${name} is of \\S+'s lab in ${homeIn(ours)}, which runs$`, "m"),
  );
  assert.doesNotMatch(living.text, /kill|netns del/);
  assert.equal(living.fixable, false);

  await endAll(inode);
  const killed = await from(theirs);
  assert.equal(killed.seen?.isAlive, false);
  assert.match(
    killed.text,
    new RegExp(`XDG_CACHE_HOME=${ours} HA_RANCHER_LAB_NAME=${lab} npm run down -- --lab$`, "m"),
  );
  assert.equal(killed.fixable, false);
  // What its folder knew is gone: now it is the record alone that tells.
  rmSync(homeIn(ours), { recursive: true });
  assert.match(
    (await from(ours)).text,
    new RegExp(`folder ${homeIn(ours)} is gone -> ip netns del ${name}$`, "m"),
  );
  assert.equal((await from(theirs)).fixable, false);
  await makeNamespace(homeIn(ours), name);
});

/** What the doctor says of the namespace of these tests. */
async function doctorsWord(): Promise<{ text: string; fixable: boolean }> {
  const found = (await says(checks, "namespaces", { ...subject(), machine: thisMachine() })).filter(
    ({ meaning }) => meaning.includes(name),
  );
  return { text: lines(found), fixable: found.some(({ fix }) => fix !== undefined) };
}
