import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { utils } from "ssh2";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import { newKeyPair, publicKeyOf } from "../../providers/vagrant/keys";
import { rubyString, vagrantfile } from "../../providers/vagrant/vagrantfile";

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

const inputs: MachineInputs = {
  name: "node-one",
  directory: "/machines/node-one",
  box: "lab/debian",
  boxVersion: "1.0",
  hypervisor: "libvirt",
  cpus: 2,
  memory: 1024,
  address: "192.168.56.11/24",
  privateNetwork: "private",
  libvirt: {
    uri: "qemu:///system?socket=/lab/sock",
    driver: "qemu",
    managementNetwork: { name: "management", cidr: "192.168.121.0/24" },
  },
  guest: "debian",
  sshPort: 22,
  timeouts: { up: 600, halt: 120, destroy: 120 },
  owner: "project/stack/one",
};
const identity = {
  prefix: "ha-rancher-12345678-",
  uuid: "12345678-0000-4000-8000-000000000000",
  keyFile: "/machines/node-one/id_ed25519",
  publicKey: "ssh-ed25519 AAAA node-one",
};

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
      "  insecure_keys = [",
      '    Vagrant.user_data_path.join("insecure_private_key"),',
      '    *Vagrant.user_data_path.join("insecure_private_keys").glob("*"),',
      "  ].select(&:file?).map(&:to_s)",
      "  config.ssh.insert_key = false",
      "  config.ssh.guest_port = 22",
      '  config.ssh.private_key_path = ["/machines/node-one/id_ed25519", *insecure_keys]',
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

  it("says nothing of libvirt for VirtualBox, and leaves out what was not given", () => {
    const { boxVersion: _, libvirt: __, privateNetwork: ___, guest: ____, ...rest } = inputs;
    const text = vagrantfile({ ...rest, hypervisor: "virtualbox", address: "10.0.0.5/16" }, identity);
    assert.doesNotMatch(text, /libvirt|box_version|vm\.guest|"script"/);
    assert.match(text, /ip: "10\.0\.0\.5", netmask: "255\.255\.0\.0"$/m);
    assert.match(text, /hypervisor\.name = "ha-rancher-12345678-node-one"/);
  });

  it("sets the host name and the key in the first provisioner, never through vm.hostname", () => {
    const text = vagrantfile({ ...inputs, provision: "apt-get install 'x' #{y}\n" }, identity);
    const [first = "", second = ""] = text.split("\n").filter((line) => line.includes("config.vm.provision"));
    assert.doesNotMatch(text, /vm\.hostname/);
    assert.match(first, /name='node-one'/);
    assert.match(first, /'ssh-ed25519 AAAA node-one'/);
    assert.match(
      second,
      /"script", type: "shell", privileged: true, inline: "apt-get install 'x' \\#\{y\}\\n"$/,
    );
  });
});

describe("newKeyPair", () => {
  it("gives pairs that sign and verify, each another", () => {
    const pairs = Array.from({ length: 300 }, () => newKeyPair("of a test"));
    for (const { privateKey, publicKey } of pairs) {
      const secret = utils.parseKey(privateKey);
      const known = utils.parseKey(publicKey);
      if (secret instanceof Error || known instanceof Error) assert.fail("a key that cannot be read");
      assert.equal(known.verify("text", secret.sign("text")), true);
      assert.equal(publicKey, `${publicKeyOf(privateKey)} of a test`);
    }
    assert.equal(new Set(pairs.map((pair) => pair.publicKey)).size, pairs.length);
  });
});
