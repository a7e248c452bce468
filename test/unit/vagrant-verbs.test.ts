import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownValue } from "../../local/pulumi/values";
import { cloudBox } from "../../providers/vagrant/debian-box";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import {
  changedInputs,
  provisionersToRun,
  type Step,
  stepsFor,
  type Verb,
  verbs,
} from "../../providers/vagrant/verbs";
import { machineInputs } from "./vagrant-fixture";

const first = { name: "first", script: "echo 1", privileged: true };
const second = { name: "second", script: "echo 2", privileged: true };

const inputs = machineInputs({
  libvirt: { uri: "qemu:///system", driver: "qemu" },
  guest: "debian",
  provision: [first, second],
});

const rows: [Partial<MachineInputs>, Verb][] = [
  [{ name: "other" }, "replace"],
  [{ directory: "/elsewhere" }, "replace"],
  [{ box: "other" }, "replace"],
  [{ boxVersion: "2" }, "replace"],
  [{ boxVersion: undefined }, "replace"],
  [{ boxUrl: "http://boxes.example/one.box" }, "record"],
  [{ boxChecksum: `sha256:${"0".repeat(64)}` }, "record"],
  [{ architecture: "arm64" }, "replace"],
  [{ hypervisor: "virtualbox" }, "replace"],
  [{ networks: [{ type: "private", address: "192.168.56.12/24", name: "private" }] }, "replace"],
  [{ networks: [...inputs.networks, { type: "private" }] }, "replace"],
  [{ libvirt: { ...inputs.libvirt, driver: "kvm" } }, "replace"],
  [{ cpus: 4 }, "reload"],
  [{ memory: 4096 }, "reload"],
  [{ ports: [{ guest: 80, count: 1, protocol: "tcp", hostIp: "127.0.0.1" }] }, "reload"],
  [{ usablePorts: { from: 3301, to: 3309 } }, "record"],
  [{ syncedFolders: [{ host: "/a", guest: "/b", create: false, mountOptions: [], options: {} }] }, "reload"],
  [{ settings: { nested: true } }, "reload"],
  [{ vagrantfile: ["config.vm.boot_timeout = 1"] }, "reload"],
  [{ hostname: "rancher" }, "provision"],
  [{ provision: [first, { ...second, script: "echo more" }] }, "provision"],
  [{ provision: [first] }, "record"],
  [{ provision: [] }, "record"],
  [{ sshPrivateKey: "KEY" }, "provision"],
  [{ sshUser: "root" }, "replace"],
  [{ sshInsertKey: false }, "replace"],
  [{ sshPort: 2222 }, "contact"],
  [{ guest: "redhat" }, "record"],
  [{ networkd: true }, "record"],
  [{ environment: { VAGRANT_HOME: "/elsewhere" } }, "record"],
  [{ adopt: true }, "record"],
  [{ timeouts: { ...inputs.timeouts, up: 60 } }, "record"],
  [{ owner: "project/stack/renamed" }, "record"],
  [{ box: unknownValue }, "replace"],
];

describe("the verb of a changed input", () => {
  for (const [change, verb] of rows) {
    const [[key, value] = []] = Object.entries(change);
    it(`${key} to ${JSON.stringify(value)}: ${verb}`, () => {
      assert.deepEqual([...changedInputs(inputs, { ...inputs, ...change })], [[key, verb]]);
    });
  }

  it("has a row for each input", () => {
    const tested = new Set(rows.flatMap(([change]) => Object.keys(change)));
    assert.deepEqual([...tested].sort(), Object.keys(verbs).sort());
  });

  it("is nothing for the same inputs in other objects, whatever else the state holds", () => {
    const same = structuredClone(inputs);
    assert.equal(changedInputs({ ...inputs, state: "running" } as MachineInputs, same).size, 0);
  });
});

describe("on docker, where a container's resources are fixed,", () => {
  const container = machineInputs({ hypervisor: "docker" });
  it("more memory makes another machine", () => {
    assert.deepEqual([...changedInputs(container, { ...container, memory: 2048 })], [["memory", "replace"]]);
  });
});

describe("the provisioners that run again", () => {
  const cases: [string, Partial<MachineInputs>, string[]][] = [
    ["a script that changed, and it alone", { provision: [first, { ...second, script: "x" }] }, ["second"]],
    ["a script that is new", { provision: [{ ...first, name: "new" }, first, second] }, ["new"]],
    ["none when scripts change places", { provision: [second, first] }, []],
    ["the one that sets the name, for another name", { hostname: "rancher" }, ["identity"]],
    ["none for the same name said again", { hostname: "node-one" }, []],
    [
      "name and key before scripts",
      { sshPrivateKey: "K", provision: [{ ...first, privileged: false }] },
      ["identity", "first"],
    ],
    ["none for a key that the box has", { sshPrivateKey: "K", sshInsertKey: false }, []],
  ];
  for (const [what, change, expected] of cases)
    it(`are ${what}`, () => assert.deepEqual(provisionersToRun(inputs, { ...inputs, ...change }), expected));
});

describe("the steps that bring a machine to its inputs", () => {
  const cases: [state: string, whole: boolean, wanted: Verb[], steps: Step[]][] = [
    ["running", true, [], []],
    ["running", true, ["record", "contact"], []],
    ["running", true, ["provision"], ["provision"]],
    ["running", true, ["provision", "reload"], ["reload"]],
    ["running", true, ["replace", "reload"], ["destroy", "up"]],
    ["running", false, [], ["destroy", "up"]],
    ["shutoff", true, [], ["up"]],
    ["shutoff", true, ["reload"], ["up"]],
    ["poweroff", true, ["provision"], ["up"]],
    ["aborted", true, [], ["up"]],
    ["a state that nobody knows", true, [], ["up"]],
    ["paused", true, [], ["up"]],
    ["paused", true, ["reload"], ["up", "reload"]],
    ["saved", true, ["reload", "provision"], ["up", "reload"]],
    ["inaccessible", true, [], ["powerOff", "up"]],
    ["inaccessible", true, ["reload"], ["powerOff", "up"]],
    ["not_created", true, [], ["up"]],
    ["not_created", false, [], ["destroy", "up"]],
  ];
  for (const [state, whole, wanted, steps] of cases)
    it(`${state}${whole ? "" : ", half-made"}, wanted ${wanted.join(" and ") || "nothing"}: ${steps.join(", ") || "none"}`, () => {
      assert.deepEqual(stepsFor(state, whole, new Set(wanted)), steps);
    });
});

describe("a box that was made of a cloud image", () => {
  const of = (letter: string) =>
    cloudBox({ url: `https://x/${letter}.qcow2`, checksum: `sha512:${letter.repeat(128)}` });
  const made = machineInputs({ ...of("a"), boxVersion: undefined });
  it("is kept by a machine when the program names a newer image", () => {
    const newer = machineInputs({ ...of("b"), boxVersion: undefined });
    assert.deepEqual(new Set(changedInputs(made, newer).values()), new Set(["record"]));
  });
  it("is replaced by a box that somebody else made, and replaces one", () => {
    const other = machineInputs({ box: "debian/bookworm64" });
    assert.equal(changedInputs(made, other).get("box"), "replace");
    assert.equal(changedInputs(other, made).get("box"), "replace");
  });
});
