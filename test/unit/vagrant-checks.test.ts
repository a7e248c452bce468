import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkInputs } from "../../providers/vagrant/check-inputs";
import { crossFailures } from "../../providers/vagrant/cross-checks";
import { type Host, hostOnlyRanges, thisHost } from "../../providers/vagrant/host";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import { newKeyPair } from "../../providers/vagrant/keys";

const linux: Host = {
  platform: "linux",
  architecture: "amd64",
  memory: 8192,
  hostOnlyRanges: ["192.168.56.0/21"],
};

const least = { name: "one", directory: "/machines/one", box: "lab/debian", hypervisor: "virtualbox" };

function reasons(changes: Record<string, unknown>, host: Host = linux): string[] {
  const news = { ...least, ...changes };
  return crossFailures(checkInputs(news).inputs as Partial<MachineInputs>, news, host).map(
    ({ reason }) => reason,
  );
}

const address = (text: string) => [{ type: "private", address: text }];
const folder = (changes: object) => [{ host: "/a", guest: "/b", ...changes }];

describe("what lies between inputs, or between them and the host,", () => {
  const refused: [Record<string, unknown>, RegExp, Partial<Host>?][] = [
    [{ box: undefined }, /^`box` is missing/],
    [
      { boxChecksum: `sha256:${"0".repeat(64)}` },
      /^`boxChecksum` is for a box that is named by its file: give `boxUrl`/,
    ],
    [{ libvirt: {} }, /^`libvirt` is for `hypervisor` libvirt only/],
    [{ hypervisor: "parallels" }, /^`hypervisor` parallels exists on darwin only, and this is linux/],
    [{ hypervisor: "hyperv" }, /^`hypervisor` hyperv exists on win32 only/],
    [
      { architecture: "arm64" },
      /^`architecture` is arm64, and virtualbox runs only what this host is, amd64/,
    ],
    [{ hypervisor: "libvirt", architecture: "arm64" }, /^`architecture` is arm64/],
    [{ memory: 16384 }, /^`memory` is 16384 MiB, and this host has 8192 MiB in all/],
    [{ settings: { memory: 1 } }, /^`settings\.memory` is an input of its own: use `memory`/],
    [
      { networks: address("192.168.0.100/24") },
      /^`networks\[0\]\.address` is 192\.168\.0\.100\/24, and VirtualBox allows .* 192\.168\.56\.0\/21 only: .*networks\.conf/,
    ],
    [
      { networks: [...address("192.168.56.11/24"), ...address("192.168.56.11/24")] },
      /^`networks\[1\]\.address` is .*another network/,
    ],
    [
      { hypervisor: "hyperv", networks: address("192.168.56.11/24") },
      /^`networks` cannot be made on hyperv/,
      { platform: "win32" },
    ],
    [
      { hypervisor: "hyperv", ports: [{ guest: 80 }] },
      /^`ports` cannot be forwarded on hyperv/,
      { platform: "win32" },
    ],
    [{ usablePorts: { from: 3309, to: 3301 } }, /^`usablePorts\.from` must not be above/],
    [
      {
        ports: [
          { guest: 80, host: 8080, count: 3 },
          { guest: 90, host: 8082 },
        ],
      },
      /^`ports\[1\]\.host` is 8082, which is forwarded twice/,
    ],
    [
      { ports: [{ guest: 65_535, count: 2 }] },
      /^`ports\[0\]\.guest` and `ports\[0\]\.count` go beyond port 65535/,
    ],
    [
      {
        ports: [
          { guest: 80, id: "a" },
          { guest: 81, id: "a" },
        ],
      },
      /^`ports\[1\]\.id` is a, which another port has/,
    ],
    [{ hypervisor: "docker", networkd: true }, /^`networkd` must be false on docker/],
    [{ ports: [{ guest: 22, id: "ssh" }] }, /^`ports\[0\]\.id` must not be ssh/],
    [
      { hypervisor: "libvirt", ports: [{ guest: 53, protocol: "udp" }] },
      /^`ports\[0\]\.protocol` must be tcp/,
    ],
    [
      { syncedFolders: [...folder({}), ...folder({ host: "/c" })] },
      /^`syncedFolders\[1\]\.guest` is \/b, which another folder has/,
    ],
    [
      { syncedFolders: folder({ type: "9p" }) },
      /^`syncedFolders\[0\]\.type` 9p is for `hypervisor` libvirt only/,
    ],
    [
      { syncedFolders: folder({ type: "rsync", nfs: {} }) },
      /^`syncedFolders\[0\]\.nfs` is for `syncedFolders\[0\]\.type` nfs only/,
    ],
    [{ syncedFolders: folder({ type: "nfs" }) }, /nfs needs a private network on VirtualBox/],
    [
      { syncedFolders: folder({ type: "nfs" }), networks: [{ type: "private" }] },
      /must not be nfs: Windows serves none/,
      { platform: "win32" },
    ],
    [
      {
        provision: [
          { name: "a", script: "" },
          { name: "a", script: "" },
        ],
      },
      /^`provision\[1\]\.name` is a, which another script has/,
    ],
    [{ provision: [{ name: "identity", script: "" }] }, /^`provision\[0\]\.name` must not be identity/],
    [{ sshPrivateKey: "no key" }, /^`sshPrivateKey` must be the text of a private key without a passphrase/],
    [{ sshPrivateKey: newKeyPair("x").publicKey }, /^`sshPrivateKey` must be/],
    [{ timeouts: { boot: 100, up: 99 } }, /^`timeouts\.boot` must not be above `timeouts\.up`/],
  ];
  for (const [changes, reason, host] of refused)
    it(`is refused: ${JSON.stringify(changes).slice(0, 90)}`, () => {
      const said = reasons(changes, { ...linux, ...host });
      assert.equal(said.length, 1, said.join("; "));
      assert.match(said[0] ?? "", reason);
    });

  const taken: [string, Record<string, unknown>, Partial<Host>?][] = [
    ["an address in the range", { networks: address("192.168.63.200/21") }],
    ["any address on Windows", { networks: address("10.0.0.5/24") }, { hostOnlyRanges: undefined }],
    [
      "an address of an interface that is there",
      { networks: [{ type: "private", address: "10.0.0.5/24", name: "vboxnet3" }] },
    ],
    [
      "another architecture where it is emulated",
      { hypervisor: "libvirt", libvirt: { driver: "qemu" }, architecture: "arm64" },
    ],
    [
      "more memory than here on a libvirt elsewhere",
      { hypervisor: "libvirt", libvirt: { uri: "qemu+ssh://host/system" }, memory: 99_999 },
    ],
    ["no box on docker", { hypervisor: "docker", box: undefined, settings: { image: "debian" } }],
    [
      "the same port of tcp and udp",
      {
        ports: [
          { guest: 53, host: 53, id: "a" },
          { guest: 53, host: 53, protocol: "udp", id: "b" },
        ],
      },
    ],
    ["a key", { sshPrivateKey: newKeyPair("x").privateKey }],
  ];
  for (const [what, changes, host] of taken)
    it(`is taken: ${what}`, () => assert.deepEqual(reasons(changes, { ...linux, ...host }), []));

  it("is all named at once", () => {
    assert.equal(
      reasons({
        box: undefined,
        memory: 9999,
        networks: address("10.0.0.5/24"),
        ports: [{ guest: 22, id: "ssh" }],
      }).length,
      4,
    );
  });
});

describe("machines of one program", () => {
  const of = (owner: string, changes: Record<string, unknown>) =>
    checkInputs({ ...least, hypervisor: "libvirt", owner: `clash/dev/${owner}`, ...changes }).failures.map(
      ({ reason }) => reason,
    );

  it("do not share a folder, an address or a port", () => {
    const all = {
      directory: "/machines/a",
      networks: address("10.1.0.5/24"),
      ports: [{ guest: 80, host: 8080 }],
    };
    assert.deepEqual(of("a", all), []);
    assert.deepEqual(of("b", all), [
      "`directory` is /machines/a, which clash/dev/a has too: give each machine its own",
      "`networks[0].address` is 10.1.0.5/24, which clash/dev/a has too: give each machine its own",
      "`ports[0].host` is 8080, which clash/dev/a has too: give each machine its own",
    ]);
  });

  it("may be checked again, with other wishes", () => {
    assert.deepEqual(of("c", { directory: "/machines/c" }), []);
    assert.deepEqual(of("c", { directory: "/machines/d" }), []);
    assert.deepEqual(of("e", { directory: "/machines/c" }), []);
  });
});

describe("the host", () => {
  it("allows what VirtualBox's networks.conf says, and its default without one", () => {
    assert.deepEqual(hostOnlyRanges(undefined), ["192.168.56.0/21"]);
    assert.deepEqual(hostOnlyRanges("# mine\n* 10.0.0.0/8 192.168.0.0/16\n  *  2001::/64\n* 0.0.0.0/0\n"), [
      "10.0.0.0/8",
      "192.168.0.0/16",
      "0.0.0.0/0",
    ]);
    assert.deepEqual(hostOnlyRanges(""), []);
  });

  it("is measured", () => {
    const { memory, architecture } = thisHost();
    assert.ok(memory > 100);
    assert.match(architecture, /^[a-z0-9]+$/);
  });
});
