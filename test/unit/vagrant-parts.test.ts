import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isNameOf } from "../../providers/vagrant/adopt";
import { installedVersions } from "../../providers/vagrant/box";
import { hostKeysIn, missingNetwork } from "../../providers/vagrant/contact";
import { type Hypervisor, hypervisors } from "../../providers/vagrant/hypervisors";
import { isOfVersion } from "../../providers/vagrant/libvirt-turns";
import { isTransient, patiently } from "../../providers/vagrant/retry";
import { inTurn, inTurnUntil } from "../../providers/vagrant/turns";
import { machineInputs } from "./vagrant-fixture";

const vagrantError = (kind: string, text: string, command = "up") =>
  Object.assign(new Error(text), { kind, text, command });

describe("what passes by itself", () => {
  const rows: [boolean, string, string, string?][] = [
    [true, "Vagrant::Errors::EnvironmentLockedError", "a lock named 'machine-index'"],
    [true, "Vagrant::Errors::MachineActionLockedError", "another process", "status"],
    [false, "Vagrant::Errors::MachineActionLockedError", "another process", "up"],
    [true, "Vagrant::Errors::DownloaderError", "Connection reset by peer", "box add"],
    [true, "Vagrant::Errors::BoxAddShortNotFound", "Could not resolve host: vagrantcloud.com", "box add"],
    [false, "Vagrant::Errors::DownloaderError", "The requested URL returned error: 404", "box add"],
    [true, "Vagrant::Errors::DownloaderError", "The requested URL returned error: 503", "box add"],
    [false, "Vagrant::Errors::DownloaderChecksumError", "The checksum did not match: 502", "box add"],
    [true, "X::FogError", "Call to virDomainCreate failed: cannot acquire state change lock"],
    [true, "X::CreateNetworkError", "network 'private' already exists with uuid 1"],
    [
      true,
      "Vagrant::Errors::VBoxManageError",
      "The machine is already locked for a session (VBOX_E_INVALID_OBJECT_STATE)",
    ],
    [false, "Vagrant::Errors::VMBootTimeout", "Timed out while waiting for the machine to boot"],
    [false, "", "something else"],
  ];
  for (const [expected, kind, text, command] of rows)
    it(`${expected ? "is" : "is not"}: ${kind} ${text.slice(0, 40)} ${command ?? ""}`, () => {
      assert.equal(isTransient(vagrantError(kind, text, command)), expected);
    });

  it("is tried three times, and each time it is said", async () => {
    const said: string[] = [];
    const busy = vagrantError("Vagrant::Errors::EnvironmentLockedError", "locked");
    let tries = 0;
    const failing = async (): Promise<void> => {
      tries++;
      throw busy;
    };
    await assert.rejects(
      patiently(failing, ({ message }) => void said.push(message)),
      busy,
    );
    assert.equal(tries, 3);
    assert.deepEqual(said, ["locked", "locked"]);
  });

  it("is not asked of other errors", async () => {
    let tries = 0;
    const failing = async (): Promise<void> => {
      tries++;
      throw new Error("x");
    };
    await assert.rejects(
      patiently(failing, () => {}),
      /x/,
    );
    assert.equal(tries, 1);
  });
});

describe("turns", () => {
  const cache = process.env.XDG_CACHE_HOME;
  const inCache = async (action: () => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), "vagrant-turns-"));
    process.env.XDG_CACHE_HOME = folder;
    try {
      await action();
    } finally {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
      rmSync(folder, { recursive: true });
    }
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("are taken one after the other, in order, also after a failure; other names do not wait", async () => {
    await inCache(async () => {
      const log: string[] = [];
      const act = (name: string) => async (): Promise<void> => {
        log.push(`+${name}`);
        await settled();
        log.push(`-${name}`);
        if (name === "b") throw new Error("b failed");
      };
      const all = ["a", "b", "c"].map((name) => inTurn("x", act(name)));
      const results = await Promise.allSettled([...all, inTurn("y", async () => {})]);
      assert.deepEqual(log, ["+a", "-a", "+b", "-b", "+c", "-c"]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled", "fulfilled"],
      );
    });
  });

  it("end early where only a part is exclusive, and at the latest with a failure", async () => {
    await inCache(async () => {
      const log: string[] = [];
      let finish = (): void => {};
      const first = inTurnUntil("x", async (shared) => {
        shared();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        log.push("first ended");
      });
      const second = inTurnUntil("x", async () => {
        log.push("second began");
        throw new Error("second failed");
      });
      await assert.rejects(second, /second failed/);
      await inTurn("x", async () => void log.push("third"));
      finish();
      await first;
      assert.deepEqual(log, ["second began", "third", "first ended"]);
    });
  });
});

describe("the boxes that Vagrant has", () => {
  it("are found in its files, of any version, architecture and format that fits", async (t) => {
    const home = mkdtempSync(join(tmpdir(), "vagrant-home-"));
    t.after(() => rmSync(home, { recursive: true }));
    const add = (...path: string[]): void => {
      const folder = join(home, "boxes", "lab-VAGRANTSLASH-debian", ...path);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "metadata.json"), "{}");
    };
    add("1.0", "libvirt");
    add("2.0", "amd64", "libvirt");
    add("3.0", "virtualbox");
    add("4.0", "vmware_fusion");
    writeFileSync(join(home, "boxes", "lab-VAGRANTSLASH-debian", "metadata_url"), "http://boxes.example");
    const versions = (changes: Parameters<typeof machineInputs>[0]) =>
      installedVersions(machineInputs({ environment: { VAGRANT_HOME: home }, ...changes }));
    assert.deepEqual((await versions({})).sort(), ["1.0", "2.0"]);
    assert.deepEqual((await versions({ hypervisor: "qemu" })).sort(), ["1.0", "2.0"]);
    assert.deepEqual(await versions({ hypervisor: "vmware_desktop" }), ["4.0"]);
    assert.deepEqual(await versions({ box: "other" }), []);
  });
});

describe("the volume of a box", () => {
  const rows: [string, boolean][] = [
    ["debian_vagrant_box_image_1.0_box.img", true],
    ["debian_vagrant_box_image_1.0.img", true],
    ["debian_vagrant_box_image_1.0.1_box.img", false],
    ["debian_vagrant_box_image_1.0.1.img", false],
    ["debian_vagrant_box_image_1.10_box.img", false],
  ];
  for (const [volume, expected] of rows)
    it(`${volume} ${expected ? "is" : "is not"} of version 1.0`, () =>
      assert.equal(isOfVersion("debian_vagrant_box_image_1.0", volume), expected));
});

describe("names at a hypervisor", () => {
  const rows: [string, boolean][] = [
    ["one", true],
    ["project_one", true],
    ["my_project_one", true],
    ["ha-rancher-0123abcd-one", false],
    ["project_one_1464200304904_86096", true],
    ["stone", false],
    ["node-one", false],
    ["project_one-2", false],
    ["one_2", false],
  ];
  for (const [full, expected] of rows)
    it(`${full} ${expected ? "is" : "is not"} one's`, () => assert.equal(isNameOf(full, "one"), expected));
});

describe("a network that is not whole", () => {
  const output =
    "1: lo    inet 127.0.0.1/8 \n2: eth0    inet 10.0.2.15/24 \n3: eth1    inet 192.168.56.11/24 \n";
  const rows: [string[], number, RegExp | undefined][] = [
    [["192.168.56.11/24"], 1, undefined],
    [[], 0, undefined],
    [[], 2, undefined],
    [
      ["192.168.56.11/24", "192.168.57.11/24"],
      2,
      /none of its interfaces has the address 192\.168\.57\.11\/24/,
    ],
    [[], 3, /only 2 of its interfaces have an address, and `networks` has 3/],
  ];
  for (const [addresses, interfaces, expected] of rows)
    it(`with ${addresses.join(" and ") || "no static address"} and ${interfaces} networks: ${expected ?? "is whole"}`, () => {
      const missing = missingNetwork(output, { addresses, interfaces });
      if (expected) assert.match(missing ?? "", expected);
      else assert.equal(missing, undefined);
    });
});

describe("hypervisors", () => {
  it("that the vendors call serial boot one at a time, the others side by side", () => {
    const serial = Object.entries<Hypervisor>(hypervisors).filter(([, { oneAtATime }]) => oneAtATime);
    assert.deepEqual(
      serial.map(([name]) => name),
      ["virtualbox", "vmware_desktop", "parallels", "hyperv"],
    );
  });
});

it("host keys are read from what a machine says of itself, without comments and other words", () => {
  const key = `ssh-ed25519 ${"A".repeat(68)}`;
  const said = `Welcome\n${key} root@machine\necdsa-sha2-nistp256 ${"B".repeat(139)}=\n\u001b[2J${key}\nssh-rsa short\n`;
  assert.deepEqual(hostKeysIn(said), [key, `ecdsa-sha2-nistp256 ${"B".repeat(139)}=`]);
  assert.deepEqual(hostKeysIn(""), []);
});
