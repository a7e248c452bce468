import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inodeOf, makeNamespace, removeNamespace, runIn } from "../../lab/namespace";
import { endAll, processesIn } from "../../lab/process";

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
