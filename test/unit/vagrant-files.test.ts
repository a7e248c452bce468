import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hypervisorNames } from "../../providers/vagrant/hypervisors";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import { macAddressOf, networkdLines } from "../../providers/vagrant/networkd";
import { rubyString } from "../../providers/vagrant/ruby";
import { type Identity, vagrantfile } from "../../providers/vagrant/vagrantfile";
import { identity, machineInputs } from "./vagrant-fixture";

const hasRuby = spawnSync("ruby", ["--version"]).status === 0;

/** Any text, with a bias to what is special in Ruby, in shells and in files. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "'",
        "\\",
        "#{",
        "}",
        "#$",
        "#@",
        "\n",
        "\r",
        "\t",
        "\0",
        "`",
        "ü",
        "漢",
        "\u{1d4b3}",
        "\ud800",
      ),
    )
    .map((parts) => parts.join("")),
);

/** What Ruby makes of a double-quoted literal, for the escapes that we use. */
function rubyReads(literal: string): string {
  assert.match(literal, /^"(?:[^"\\#]|\\["\\#nt]|\\u\{[0-9a-f]+\})*"$/, "no quote or # is left bare");
  const special: Record<string, string> = { n: "\n", t: "\t" };
  return literal
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (_, code: string, character: string) =>
      code ? String.fromCodePoint(Number.parseInt(code, 16)) : (special[character] ?? character),
    );
}

describe("rubyString", () => {
  it("gives back any text, as one line of printable ASCII", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const literal = rubyString(text);
        assert.match(literal, /^[\x20-\x7e]*$/);
        // Half a surrogate pair is no text: a replacement character stands for it.
        assert.equal(rubyReads(literal), Buffer.from(text, "utf8").toString("utf8"));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves no interpolation", () => {
    assert.equal(rubyString('#{`id`} #$x "'), '"\\#{`id`} \\#$x \\""');
  });
});

const inputs = machineInputs({
  libvirt: {
    uri: "qemu:///system?socket=/lab/sock",
    driver: "qemu",
    managementNetwork: { name: "management", cidr: "192.168.121.0/24" },
  },
  guest: "debian",
});

describe("the Vagrantfile", () => {
  it("is this one, for libvirt", () => {
    const lines = vagrantfile(inputs, identity)
      .split("\n")
      .filter((line) => !line.includes("config.vm.provision"));
    assert.deepEqual(lines, [
      "# Generated from the machine's inputs: changes are lost at the next update.",
      'Vagrant.configure("2") do |config|',
      '  config.vm.define "node-one"',
      '  config.vm.box = "lab/debian"',
      '  config.vm.box_version = "1.0"',
      "  config.vm.box_check_update = false",
      '  config.vm.guest = "debian".to_sym',
      "  config.vm.boot_timeout = 600",
      "  config.vm.graceful_halt_timeout = 120",
      '  config.vm.synced_folder ".", "/vagrant", disabled: true',
      '  config.vm.network "private_network", ip: "192.168.56.11", netmask: "255.255.255.0", libvirt__network_name: "private", libvirt__always_destroy: false',
      "",
      "  keys = [",
      '    "/machines/node-one/id_ed25519",',
      '    Vagrant.user_data_path.join("insecure_private_key").to_s,',
      '    *Vagrant.user_data_path.join("insecure_private_keys").glob("*").map(&:to_s),',
      "  ].select { |file| File.file?(file) }",
      "  config.ssh.insert_key = false",
      '  config.ssh.username = "vagrant"',
      "  config.ssh.guest_port = 22",
      "  config.ssh.private_key_path = keys",
      "",
      '  config.vm.provider "libvirt" do |hypervisor|',
      '    hypervisor.uri = "qemu:///system?socket=/lab/sock"',
      '    hypervisor.driver = "qemu"',
      '    hypervisor.cpu_mode = "custom"',
      '    hypervisor.cpu_model = "qemu64"',
      '    hypervisor.disk_driver :cache => "unsafe"',
      '    hypervisor.uuid = "12345678-0000-4000-8000-000000000000"',
      '    hypervisor.default_prefix = "ha-rancher-12345678-"',
      "    hypervisor.cpus = 2",
      "    hypervisor.memory = 1024",
      '    hypervisor.graphics_type = "none"',
      '    hypervisor.video_type = "none"',
      '    hypervisor.management_network_name = "management"',
      '    hypervisor.management_network_address = "192.168.121.0/24"',
      "    hypervisor.management_network_keep = true",
      "  end",
      "",
      "end",
      "",
    ]);
  });

  it("leaves networks to the first script where systemd-networkd is known to be there", () => {
    const own = {
      ...inputs,
      networkd: true,
      networks: [...inputs.networks, { type: "private" as const, mac: "52:54:00:AA:BB:CC" }],
    };
    const text = vagrantfile(own, identity);
    const lines = text.split("\n").filter((line) => line.includes('"private_network"'));
    const mac = macAddressOf({ type: "private" }, identity.uuid, 0);
    assert.match(mac, /^52:54:00(:[0-9a-f]{2}){3}$/);
    assert.notEqual(macAddressOf({ type: "private" }, identity.uuid, 1), mac);
    assert.ok(lines[0]?.endsWith(`mac: "${mac}", auto_config: false`), lines[0]);
    assert.ok(lines[1]?.endsWith('mac: "52:54:00:aa:bb:cc", auto_config: false'), lines[1]);
    const script = networkdLines(own, identity.uuid);
    assert.deepEqual(script.slice(1, 13), [
      "cat > /etc/systemd/network/05-machine-1.network <<'END'",
      "[Match]",
      `MACAddress=${mac}`,
      "[Network]",
      "Address=192.168.56.11/24",
      "END",
      "cat > /etc/systemd/network/05-machine-2.network <<'END'",
      "[Match]",
      "MACAddress=52:54:00:aa:bb:cc",
      "[Network]",
      "DHCP=ipv4",
      "END",
    ]);
    assert.equal(spawnSync("sh", ["-n"], { input: script.join("\n") }).status, 0);
    assert.ok(text.includes("networkctl reload"));
    assert.ok(!vagrantfile(inputs, identity).includes("networkctl"));
  });

  it("says nothing of libvirt for VirtualBox, and leaves out what was not given", () => {
    const text = vagrantfile(
      machineInputs({
        boxVersion: undefined,
        hypervisor: "virtualbox",
        networks: [{ type: "private", address: "10.0.0.5/16" }],
      }),
      identity,
    );
    assert.doesNotMatch(text, /libvirt|box_version|box_url|vm\.guest|"script"|forwarded_port/);
    assert.match(text, /ip: "10\.0\.0\.5", netmask: "255\.255\.0\.0"$/m);
    assert.match(text, /hypervisor\.name = "ha-rancher-12345678-node-one"/);
  });

  it("sets the host name and the key in the first provisioner, never through vm.hostname", () => {
    const script = { name: "script", script: "apt-get install 'x' #{y}\n", privileged: true };
    const text = vagrantfile({ ...inputs, provision: [script] }, identity);
    const [first = "", second = ""] = text.split("\n").filter((line) => line.includes("config.vm.provision"));
    assert.doesNotMatch(text, /vm\.hostname/);
    assert.match(first, /name='node-one'/);
    assert.match(first, /'ssh-ed25519 AAAA node-one'/);
    assert.match(
      second,
      /"script", type: "shell", privileged: true, inline: "apt-get install 'x' \\#\{y\}\\n"$/,
    );
  });

  const lines: [string, Partial<MachineInputs>, string][] = [
    [
      "DHCP",
      { networks: [{ type: "private" }] },
      'config.vm.network "private_network", type: "dhcp", libvirt__always_destroy: false',
    ],
    [
      "a public network with a choice of bridges",
      {
        hypervisor: "virtualbox",
        networks: [{ type: "public", bridge: ["en0: Wi-Fi (AirPort)", "en1"], mac: "08:00:27:00:00:01" }],
      },
      'config.vm.network "public_network", bridge: ["en0: Wi-Fi (AirPort)", "en1"], mac: "080027000001"',
    ],
    [
      "a public network of libvirt's",
      { networks: [{ type: "public", bridge: ["br0"], address: "192.168.0.100/24" }] },
      'config.vm.network "public_network", ip: "192.168.0.100", netmask: "255.255.255.0", dev: "br0"',
    ],
    [
      "an NFS folder with all its options",
      {
        syncedFolders: [
          {
            host: "/opt/rancher_data",
            guest: "/rancher_data",
            type: "nfs",
            create: true,
            mountOptions: ["noac"],
            nfs: {
              version: 3,
              udp: false,
              export: false,
              linuxOptions: ["rw", "sync"],
              bsdOptions: ["alldirs"],
              mapUid: 0,
              mapGid: "auto",
            },
            options: {},
          },
        ],
      },
      'config.vm.synced_folder "/opt/rancher_data", "/rancher_data", type: "nfs", create: true, mount_options: ["noac"], ' +
        'nfs_version: 3, nfs_udp: false, nfs_export: false, linux__nfs_options: ["rw", "sync"], bsd__nfs_options: ["alldirs"], ' +
        "map_uid: 0, map_gid: :auto",
    ],
    [
      "an rsync folder with an option of Vagrant's",
      {
        syncedFolders: [
          {
            host: ".",
            guest: "/x",
            type: "rsync",
            create: false,
            mountOptions: [],
            options: { rsync__exclude: ['a"b'] },
          },
        ],
      },
      'config.vm.synced_folder ".", "/x", type: "rsync", rsync__exclude: ["a\\"b"]',
    ],
    [
      "a setting of the hypervisor's",
      { settings: { nested: true, boot: ["hd", { a: 1 }] } },
      '  hypervisor.boot = ["hd", { "a" => 1 }]',
    ],
    [
      "a literal line as it is",
      { vagrantfile: ['config.vm.post_up_message = "#{1}"'] },
      'config.vm.post_up_message = "#{1}"',
    ],
    ["a box by its file", { boxUrl: "/boxes/one.box" }, 'config.vm.box_url = "/boxes/one.box"'],
    ["limits", { timeouts: { ...inputs.timeouts, boot: 45 } }, "config.vm.boot_timeout = 45"],
    ["another user", { sshUser: "root" }, 'config.ssh.username = "root"'],
  ];
  for (const [what, change, line] of lines)
    it(`says ${what}`, () => {
      const text = vagrantfile({ ...inputs, ...change }, identity).split("\n");
      assert.ok(text.includes(`  ${line}`), text.join("\n"));
    });

  it("forwards ports where they are, without letting Vagrant move them", () => {
    const ports = [
      { id: "ssh", guest: 22, host: 22000, protocol: "tcp", hostIp: "127.0.0.1" },
      { id: "dns", guest: 53, host: 22001, protocol: "udp", hostIp: "0.0.0.0" },
    ] as const;
    const dns = {
      id: "dns",
      guest: 53,
      count: 1,
      protocol: "udp",
      hostIp: "0.0.0.0",
      guestIp: "10.0.2.15",
    } as const;
    const text = vagrantfile(machineInputs({ hypervisor: "virtualbox", ports: [dns] }), {
      ...identity,
      ports,
    });
    assert.deepEqual(
      text.split("\n").filter((line) => /forwarded_port|usable/.test(line)),
      [
        "  config.vm.usable_port_range = (22000..22999)",
        '  config.vm.network "forwarded_port", guest: 22, host: 22000, id: "ssh", protocol: "tcp", host_ip: "127.0.0.1", auto_correct: false',
        '  config.vm.network "forwarded_port", guest: 53, host: 22001, id: "dns", protocol: "udp", host_ip: "0.0.0.0", guest_ip: "10.0.2.15", auto_correct: false',
      ],
    );
  });

  it("leaves the box's keys alone where none is to be inserted, and other people's in a machine that was taken over", () => {
    const script = (changes: Partial<Identity>): string =>
      vagrantfile(inputs, { ...identity, ...changes })
        .split("\n")
        .find((line) => line.includes('"identity"')) ?? "";
    assert.doesNotMatch(script({ publicKey: undefined }), /authorized_keys/);
    assert.match(script({}), /authorized_keys/);
    assert.doesNotMatch(script({}), /grep/);
    assert.match(script({ keepKeys: true }), /grep -vF .*vagrant insecure public key/);
  });

  it("is Ruby that can be read, whatever texts are in it", { skip: !hasRuby }, () => {
    const word = anyText.map((text) => text.replace(/\0/g, ""));
    fc.assert(
      fc.property(word, word, fc.constantFrom(...hypervisorNames), (text, other, hypervisor) => {
        const strange = machineInputs({
          hypervisor,
          provision: [{ name: "script", script: text, privileged: true }],
          settings: { some: [text, { [other]: text }] },
          networks: [{ type: "public", bridge: [other] }],
          syncedFolders: [
            { host: text, guest: `/${other}`, create: true, mountOptions: [other], options: { x: text } },
          ],
        });
        const { status, stderr } = spawnSync("ruby", ["-c"], {
          input: vagrantfile(strange, identity),
          encoding: "utf8",
        });
        assert.equal(status, 0, stderr);
      }),
      { numRuns: 20 },
    );
  });
});

describe("rubyString and Ruby itself", () => {
  it("agree on any text", { skip: !hasRuby }, () => {
    const texts = fc.sample(anyText, 500);
    const program = `print [${texts.map(rubyString).join(",")}].map { |text| text.unpack1("H*") }.join(" ")`;
    const { stdout } = spawnSync("ruby", ["-"], { input: program, encoding: "utf8" });
    assert.deepEqual(
      stdout.split(" "),
      texts.map((text) => Buffer.from(text, "utf8").toString("hex")),
    );
  });
});
