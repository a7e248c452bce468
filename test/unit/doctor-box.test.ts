import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfPublicCatalog } from "../../domain/box-catalog";
import { defaultCloudImage } from "../../domain/cloud-image";
import { cachedImage } from "../../providers/vagrant/cloud-box/image";
import { choosePlace } from "../../workloads/from-settings/place";
import { ownHome, withEnvironment } from "./cli-support";
import { asked, settingsWith } from "./doctor-support";

const none = { settings: settingsWith() };
const image = defaultCloudImage("x64") ?? assert.fail("no image for x64");

test("a box is of the public catalog by its name, or by its address", () => {
  for (const box of [
    { box: "debian/bookworm64" },
    { box: "x", boxUrl: "https://app.vagrantup.com/debian/boxes/bookworm64" },
    { box: "x", boxUrl: "https://vagrantcloud.com/x/y/1.json" },
    { box: "x", boxUrl: "https://api.cloud.hashicorp.com/vagrant/2022-09-30/x" },
  ])
    assert.ok(isOfPublicCatalog(box), JSON.stringify(box));
  for (const box of [
    {},
    { box: "ha-rancher-debian" },
    { box: "a/b", boxUrl: "/srv/a.box" },
    { box: "a/b", boxUrl: "https://notvagrantup.com/a.json" },
    { box: "a/b", boxUrl: "https://boxes.example.com/vagrantup.com/a.json" },
  ])
    assert.ok(!isOfPublicCatalog(box), JSON.stringify(box));
});

test("the doctor names a box of the catalog that ends, and the way out", async (t) => {
  withEnvironment(t, { VAGRANT_SERVER_URL: undefined });
  assert.match(
    await asked("box"),
    /^remark: The box debian\/bookworm64 comes from .* announced to end in March 2027.* -> remove `box`/,
  );
  const own = settingsWith({ box: "a/b", boxUrl: "https://boxes.example.com/b.json" });
  assert.equal(await asked("box", {}, { settings: own }), "well: The box is a/b");
  withEnvironment(t, { VAGRANT_SERVER_URL: "https://boxes.example.com" });
  assert.match(await asked("box"), /^well/);
});

test("what makes a box of a cloud image is looked for, before anything is downloaded", async (t) => {
  ownHome(t);
  assert.match(
    await asked("box", {}, none),
    /^fault: None of qemu-img, VBoxManage is on PATH.* -> apt-get install qemu-utils.*\nfault: `curl` is not on PATH/,
  );
  const libvirt = { ...none, hypervisor: "libvirt" } as const;
  assert.match(
    await asked("box", { programs: { VBoxManage: {}, curl: {} } }, libvirt),
    /^fault: None of qemu-img is/,
  );
  assert.match(
    await asked("box", { programs: { VBoxManage: {}, curl: {} } }, none),
    /^well: .* downloaded once: https:\/\/cloud\.debian\.org\/.*amd64.*\.qcow2$/,
  );
  const files = { [cachedImage(image.checksum)]: "" };
  assert.match(await asked("box", { programs: { VBoxManage: {} }, files }, none), /^well: .*which is here$/);
});

test("an image of one's own is taken where it is; hosts and the lab are not asked", async () => {
  const given = { boxUrl: "/srv/debian.qcow2", boxChecksum: image.checksum };
  const settings = settingsWith(given);
  assert.match(await asked("box", { programs: { "qemu-img": {} } }, { settings }), /^well: .*which is here$/);
  assert.equal(await asked("box", {}, { ...none, hypervisor: "lab" }), "");
  assert.equal(await asked("box", {}, { ...none, hypervisor: undefined }), "");
});

test("outside of the lab machines are made of Debian's image unless the settings name a box", (t) => {
  ownHome(t);
  for (const hypervisor of ["virtualbox", "libvirt"] as const) {
    const { machines } = choosePlace(settingsWith({ hypervisor }), undefined, "dev");
    if (process.arch !== "x64") return;
    assert.deepEqual(
      [machines?.boxUrl, machines?.boxChecksum, machines?.networkd, machines?.guest],
      [image.url, image.checksum, true, "debian"],
    );
    assert.match(String(machines?.box), /^ha-rancher-cloud-[0-9a-f]{12}$/);
  }
  const named = choosePlace(settingsWith({ hypervisor: "libvirt", box: "mine" }), undefined, "dev");
  assert.deepEqual([named.machines?.box, named.machines?.networkd], ["mine", false]);
  const own = settingsWith({
    hypervisor: "libvirt",
    boxUrl: "/a.qcow2",
    boxChecksum: `sha256:${"0".repeat(64)}`,
  });
  assert.equal(choosePlace(own, undefined, "dev").machines?.box, "ha-rancher-cloud-000000000000");
});

test("`hypervisor` lab outside of the lab's shell is the one mistake", () => {
  assert.throws(
    () => choosePlace(settingsWith({ hypervisor: "lab" }), undefined, "dev"),
    (error: Error) => /`hypervisor` is lab/.test(error.message) && !/`box`/.test(error.message),
  );
});
