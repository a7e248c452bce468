import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownValue } from "../../providers/shim";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import { changedInputs, type Step, stepsFor, type Verb, verbs } from "../../providers/vagrant/verbs";

const inputs: MachineInputs = {
  name: "node-one",
  directory: "/machines/node-one",
  box: "debian/bookworm64",
  boxVersion: "1",
  hypervisor: "libvirt",
  cpus: 2,
  memory: 2048,
  address: "192.168.56.11/24",
  privateNetwork: "private",
  libvirt: {
    uri: "qemu:///system",
    driver: "qemu",
    managementNetwork: { name: "m", cidr: "192.168.121.0/24" },
  },
  guest: "debian",
  sshPort: 22,
  provision: "echo",
  timeouts: { up: 600, halt: 120, destroy: 120 },
  owner: "project/stack/name",
};

const rows: [Partial<MachineInputs>, Verb][] = [
  [{ name: "other" }, "replace"],
  [{ directory: "/elsewhere" }, "replace"],
  [{ box: "other" }, "replace"],
  [{ boxVersion: "2" }, "replace"],
  [{ boxVersion: undefined }, "replace"],
  [{ hypervisor: "virtualbox" }, "replace"],
  [{ address: "192.168.56.12/24" }, "replace"],
  [{ privateNetwork: "other" }, "replace"],
  [{ libvirt: { ...inputs.libvirt, driver: "kvm" } }, "replace"],
  [{ cpus: 4 }, "reload"],
  [{ memory: 4096 }, "reload"],
  [{ provision: "echo more" }, "provision"],
  [{ provision: undefined }, "record"],
  [{ sshPort: 2222 }, "contact"],
  [{ guest: "redhat" }, "record"],
  [{ timeouts: { up: 1, halt: 120, destroy: 120 } }, "record"],
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
    const same = { ...inputs, libvirt: { ...inputs.libvirt }, timeouts: { ...inputs.timeouts } };
    assert.equal(changedInputs({ ...inputs, state: "running" } as MachineInputs, same).size, 0);
  });

  it("takes over new forwarding code without touching the machine", () => {
    const changed = changedInputs({ ...inputs, __provider: "old" }, { ...inputs, __provider: "new" });
    assert.deepEqual([...changed], [["__provider", "record"]]);
  });
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
