import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownValue } from "../../local/pulumi/values";
import { checkInputs } from "../../providers/vagrant/check-inputs";
import { inputsOf, type MachineInputs } from "../../providers/vagrant/inputs";

const least = {
  name: "one",
  directory: "/machines/one",
  box: "debian/bookworm64",
  hypervisor: "libvirt",
};

const privateNetwork = (address: string) => [{ type: "private", address }];

const reasons = (changes: Record<string, unknown>): string[] =>
  checkInputs({ ...least, ...changes }).failures.map(({ reason }) => reason);

describe("the inputs of a machine", () => {
  it("get their defaults, and nothing that is undefined", () => {
    const { inputs, failures } = checkInputs({ ...least, guest: undefined, __provider: "code" });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      ...least,
      cpus: 2,
      memory: 2048,
      networks: [],
      ports: [],
      usablePorts: { from: 22000, to: 22999 },
      syncedFolders: [],
      sshUser: "vagrant",
      sshPort: 22,
      sshInsertKey: true,
      networkd: false,
      provision: [],
      environment: {},
      settings: {},
      vagrantfile: [],
      adopt: false,
      timeouts: { boot: 600, up: 900, halt: 120, destroy: 120, box: 3600 },
      owner: "",
      __provider: "code",
    });
    assert.equal("guest" in inputs, false);
  });

  it("take one script for a list of one, and a boot that is no longer than the whole", () => {
    const { inputs, failures } = checkInputs({ ...least, provision: "echo", timeouts: { up: 60 } });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs.provision, [{ name: "script", script: "echo", privileged: true }]);
    assert.deepEqual(inputs.timeouts, { boot: 60, up: 60, halt: 120, destroy: 120, box: 3600 });
  });

  it("are the same when they are checked again, and among other properties", () => {
    const { inputs } = checkInputs({ ...least, timeouts: { up: 60 }, libvirt: { driver: "qemu" } });
    assert.deepEqual(checkInputs(inputs), { inputs, failures: [] });
    const props = { ...inputs, state: "running", interface: "eth1" };
    assert.deepEqual(inputsOf(props as unknown as Parameters<typeof inputsOf>[0]), inputs);
  });

  it("that are not known yet are passed on unchecked", () => {
    const news = { ...least, networks: privateNetwork(unknownValue), libvirt: { uri: unknownValue } };
    const { inputs, failures } = checkInputs(news);
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs.networks, privateNetwork(unknownValue));
  });

  const refused: [Record<string, unknown>, RegExp][] = [
    [{ name: undefined }, /^`name` is missing/],
    [{ name: "One" }, /^`name` must be a host name/],
    [{ name: "-a" }, /^`name` must be/],
    [{ name: "a".repeat(64) }, /^`name` must be/],
    [{ directory: "machines" }, /^`directory` must be an absolute path/],
    [{ directory: "/a/../b" }, /^`directory` must be/],
    [{ directory: "/" }, /^`directory` must be/],
    [{ box: undefined }, /^`box` is missing/],
    [{ box: "a b" }, /^`box` must be one word/],
    [{ hypervisor: "xen" }, /^`hypervisor` must be one of libvirt, virtualbox, vmware_desktop, parallels/],
    [{ cpus: 1.5 }, /^`cpus` must be a whole number/],
    [{ memory: 511 }, /^`memory` must be a whole number of MiB from 512/],
    ...(
      [
        ["192.168.56.11", /must be an IPv4 address with the prefix/],
        ["192.168.056.11/24", /must be an IPv4/],
        ["::1/64", /must be an IPv4/],
        ["192.168.56.0/24", /is the address of the network itself/],
        ["192.168.56.1/24", /is the first address/],
        ["192.168.56.255/24", /is the broadcast address/],
        ["192.168.56.11/31", /must have a prefix from/],
      ] as const
    ).map(([address, said]): [Record<string, unknown>, RegExp] => [
      { networks: privateNetwork(address) },
      new RegExp(`^\`networks\\[0\\]\\.address\` ${said.source}`),
    ]),
    [{ networks: [{ type: "bridged" }] }, /^`networks\[0\](\.type)?` must be private or public/],
    [{ networks: [{ type: "private", bridge: ["x"] }] }, /^`networks\[0\]\.bridge` is not an input/],
    [{ networks: [{ type: "public", mac: "x" }] }, /^`networks\[0\]\.mac` must be a MAC address/],
    [{ ports: [{ guest: 0 }] }, /^`ports\[0\]\.guest` must be/],
    [{ ports: [{ guest: 80, id: "a b" }] }, /^`ports\[0\]\.id` must be letters/],
    [
      { syncedFolders: [{ host: "/a", guest: "b" }] },
      /^`syncedFolders\[0\]\.guest` must be an absolute path/,
    ],
    [
      { syncedFolders: [{ host: "/a", guest: "/b", options: { "a-b": 1 } }] },
      /^`syncedFolders\[0\]\.options\.a-b` must be named/,
    ],
    [
      { syncedFolders: [{ host: "/a", guest: "/b", type: "nfs", nfs: { version: 2 } }] },
      /^`syncedFolders\[0\]\.nfs\.version` must be 3, 4/,
    ],
    [{ libvirt: { driver: "xen" } }, /^`libvirt\.driver` must be kvm or qemu/],
    [{ libvirt: { url: "x" } }, /^`libvirt\.url` is not an input/],
    [
      { libvirt: { managementNetwork: { name: "m", cidr: "x" } } },
      /^`libvirt\.managementNetwork\.cidr` must be/,
    ],
    [{ sshPort: 0 }, /^`sshPort` must be/],
    [{ provision: "a\0b" }, /^`provision` must/],
    [{ provision: [{ name: "a", script: "a\0b" }] }, /^`provision\[0\]\.script` must not contain null bytes/],
    [{ provision: [{ name: "A", script: "" }] }, /^`provision\[0\]\.name` must be lower-case/],
    [{ timeouts: { up: 1 } }, /^`timeouts\.up` must be a whole number of seconds/],
    [{ boxChecksum: "sha256:abc" }, /^`boxChecksum` must be its type and value/],
    [{ vagrantfile: ["a\nb"] }, /^`vagrantfile\[0\]` must be one line/],
    [{ settings: { "a b": 1 } }, /^`settings\.a b` must be named/],
    [{ environment: { "A=B": "x" } }, /^`environment\.A=B` must be/],
    [{ adopt: { name: "x" } }, /^`adopt` must be true, or/],
  ];
  for (const [changes, reason] of refused)
    it(`refuse ${JSON.stringify(changes).slice(0, 70)}`, () => {
      const said = reasons(changes);
      assert.equal(said.length, 1, said.join("; "));
      assert.match(said[0] ?? "", reason);
    });

  it("take the addresses of small and large networks", () => {
    for (const address of ["10.0.1.0/8", "10.1.0.255/16", "192.168.56.6/29", "127.0.0.11/8"])
      assert.deepEqual(reasons({ networks: privateNetwork(address) }), []);
  });

  it("name all mistakes at once", () => {
    assert.equal(
      reasons({ name: "A", box: "", memory: 1, networks: privateNetwork("x"), timeouts: { up: 1, halt: 1 } })
        .length,
      6,
    );
  });

  it("that are newer than a state have their defaults", () => {
    const { timeouts, ...older } = checkInputs(least).inputs;
    assert.deepEqual(inputsOf(older as Partial<MachineInputs>).timeouts, timeouts);
  });
});
