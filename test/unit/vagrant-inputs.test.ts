import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownValue } from "../../providers/shim";
import { checkInputs, inputsOf } from "../../providers/vagrant/inputs";

const least = {
  name: "one",
  directory: "/machines/one",
  box: "debian/bookworm64",
  hypervisor: "libvirt",
  address: "192.168.56.11/24",
};

const reasons = (changes: Record<string, unknown>): string[] =>
  checkInputs({ ...least, ...changes }).failures.map(({ reason }) => reason);

describe("the inputs of a machine", () => {
  it("get their defaults, and nothing that is undefined", () => {
    const { inputs, failures } = checkInputs({ ...least, provision: undefined, __provider: "code" });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      ...least,
      cpus: 2,
      memory: 2048,
      sshPort: 22,
      timeouts: { up: 600, halt: 120, destroy: 120 },
      owner: "",
      __provider: "code",
    });
    assert.equal("provision" in inputs, false);
  });

  it("are the same when they are checked again, and among other properties", () => {
    const { inputs } = checkInputs({ ...least, timeouts: { up: 60 }, libvirt: { driver: "qemu" } });
    assert.deepEqual(checkInputs(inputs), { inputs, failures: [] });
    const props = { ...inputs, state: "running", interface: "eth1" };
    assert.deepEqual(inputsOf(props as unknown as Parameters<typeof inputsOf>[0]), inputs);
  });

  it("that are not known yet are passed on unchecked", () => {
    const news = { ...least, address: unknownValue, libvirt: { uri: unknownValue } };
    const { inputs, failures } = checkInputs(news);
    assert.deepEqual(failures, []);
    assert.equal(inputs.address, unknownValue);
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
    [{ hypervisor: "hyperv" }, /^`hypervisor` must be one of libvirt, virtualbox$/],
    [{ cpus: 1.5 }, /^`cpus` must be a whole number/],
    [{ memory: 511 }, /^`memory` must be a whole number of MiB from 512/],
    [{ address: "192.168.56.11" }, /^`address` must be an IPv4 address with the prefix/],
    [{ address: "192.168.056.11/24" }, /^`address` must be an IPv4/],
    [{ address: "::1/64" }, /^`address` must be an IPv4/],
    [{ address: "192.168.56.0/24" }, /^`address` is the address of the network itself/],
    [{ address: "192.168.56.1/24" }, /^`address` is the first address/],
    [{ address: "192.168.56.255/24" }, /^`address` is the broadcast address/],
    [{ address: "192.168.56.11/31" }, /^`address` must have a prefix from/],
    [{ libvirt: { driver: "xen" } }, /^`libvirt\.driver` must be kvm or qemu/],
    [{ libvirt: { url: "x" } }, /^`libvirt\.url` is not an input/],
    [
      { libvirt: { managementNetwork: { name: "m", cidr: "x" } } },
      /^`libvirt\.managementNetwork\.cidr` must be/,
    ],
    [{ sshPort: 0 }, /^`sshPort` must be/],
    [{ provision: "a\0b" }, /^`provision` must not contain null bytes/],
    [{ timeouts: { up: 1 } }, /^`timeouts\.up` must be a whole number of seconds/],
    [{ hypervisor: "virtualbox", libvirt: {} }, /^`libvirt` is for `hypervisor` libvirt only/],
    [{ hypervisor: "virtualbox", privateNetwork: "x" }, /^`privateNetwork` is for `hypervisor` libvirt only/],
  ];
  for (const [changes, reason] of refused)
    it(`refuse ${JSON.stringify(changes).slice(0, 70)}`, () => {
      const said = reasons(changes);
      assert.equal(said.length, 1, said.join("; "));
      assert.match(said[0] ?? "", reason);
    });

  it("take the addresses of small and large networks", () => {
    for (const address of ["10.0.1.0/8", "10.1.0.255/16", "192.168.56.6/29", "127.0.0.11/8"])
      assert.deepEqual(reasons({ address }), []);
  });

  it("name all mistakes at once", () => {
    assert.equal(
      reasons({ name: "A", box: "", memory: 1, address: "x", timeouts: { up: 1, halt: 1 } }).length,
      6,
    );
  });
});
