/*
 * Stack files with mistakes, as changes of a good one, and the settings that must be named for each. Used by tests
 * that read them as files, and as whole commands.
 */

type Config = Record<string, unknown>;

const machines = [
  { name: "one", address: "192.168.56.11" },
  { name: "two", address: "192.168.56.12" },
];

const login = {
  user: "admin",
  keyFile: "/dev/null",
  hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`,
};
const hosts = machines.map((node) => ({ ...node, host: login }));

/** The second node changed, the first as it is. */
const second = (change: object): Config => ({ nodes: [machines[0], { ...machines[1], ...change }] });
/** The second of two hosts changed in how to log in to it. */
const host = (change: object): Config => ({
  nodes: [hosts[0], { ...hosts[1], host: { ...login, ...change } }],
});
const machine = (value: unknown): Config => second({ machine: value });
const forward = (...ports: object[]): Config => machine({ ports });
const keepalived = (value: unknown): Config => ({ keepalived: value });
const track = (value: unknown): Config => keepalived({ track: value });
const script = (value: object): Config => track({ scripts: [{ command: "/usr/bin/true", ...value }] });

/** What is wrong, what is changed (undefined: left out), which settings must be named. */
type Row = [what: string, change: Config, ...names: string[]];

const rows: Row[] = [
  ["no VIP", { vip: undefined }, "vip"],
  ["no nodes", { nodes: undefined }, "nodes"],
  ["neither", { vip: undefined, nodes: undefined }, "vip", "nodes"],
  ["a VIP without prefix", { vip: "192.168.56.10" }, "vip"],
  ["a VIP that is a number", { vip: 42 }, "vip"],
  ["a VIP that is a list", { vip: ["192.168.56.10/24"] }, "vip"],
  ["an empty VIP", { vip: "" }, "vip"],
  ["a VIP out of range", { vip: "192.168.56.256/24" }, "vip"],
  ["a VIP in short form", { vip: "10.1/24" }, "vip"],
  ["an IPv6 VIP alone", { vip: "fd00::1/64" }, "vip"],
  ["a VIP with too long a prefix", { vip: "192.168.56.10/31" }, "vip"],
  ["a VIP with an impossible prefix", { vip: "192.168.56.10/33" }, "vip"],
  ["the network as VIP", { vip: "192.168.56.0/24" }, "vip"],
  ["the broadcast address as VIP", { vip: "192.168.56.255/24" }, "vip"],
  ["a VIP elsewhere", { vip: "10.0.0.10/24" }, "nodes[0].address", "nodes[1].address"],
  ["a loopback VIP", { vip: "127.0.0.10/8", subnet: "192.168.56.0/24" }, "vip"],
  ["a multicast VIP", { vip: "224.0.0.18/24", subnet: "192.168.56.0/24" }, "vip"],
  ["a node's address as VIP", { vip: "192.168.56.11/24" }, "nodes[0].address"],
  ["one node", { nodes: machines.slice(0, 1) }, "nodes"],
  ["no node", { nodes: [] }, "nodes"],
  [
    "eleven nodes",
    { nodes: Array.from({ length: 11 }, (_, i) => ({ name: `n${i}`, address: `192.168.56.${20 + i}` })) },
    "nodes",
  ],
  ["nodes as text", { nodes: "one, two" }, "nodes"],
  ["nodes by name", { nodes: { one: "192.168.56.11" } }, "nodes"],
  ["nodes as names", { nodes: ["one", "two"] }, "nodes[0]", "nodes[1]"],
  ["a node without a name", { nodes: [machines[0], { address: "192.168.56.12" }] }, "nodes[1].name"],
  ["a node without an address", { nodes: [machines[0], { name: "two" }] }, "nodes[1].address"],
  ["a name in capitals", second({ name: "Two" }), "nodes[1].name"],
  ["a name with an underscore", second({ name: "a_b" }), "nodes[1].name"],
  ["a name too long", second({ name: "x".repeat(64) }), "nodes[1].name"],
  ["a name that is a shell line", second({ name: "$(reboot)" }), "nodes[1].name"],
  ["a name that is a path", second({ name: "../etc" }), "nodes[1].name"],
  ["a name with a line break", second({ name: "a\nb" }), "nodes[1].name"],
  ["a name twice", second({ name: "one" }), "nodes"],
  ["an address twice", second({ address: "192.168.56.11" }), "nodes"],
  ["an address with prefix", second({ address: "192.168.56.12/24" }), "nodes[1].address"],
  ["an address that is a name", second({ address: "two.example" }), "nodes[1].address"],
  ["the broadcast address for a node", second({ address: "192.168.56.255" }), "nodes[1].address"],
  ["a node in another network", second({ address: "192.168.57.12" }), "nodes[1].address"],
  ["a setting of nodes misspelt", second({ adress: "x" }), "nodes[1].adress"],
  ["a priority of 0", second({ priority: 0 }), "nodes[1].priority"],
  ["a priority of 255", second({ priority: 255 }), "nodes[1].priority"],
  ["a broken priority", second({ priority: 1.5 }), "nodes[1].priority"],
  ["equal priorities", second({ priority: 150 }), "nodes[1].priority"],
  ["an IPv6 address of one node alone", second({ address6: "fd00::2" }), "nodes[].address6"],
  ["an IPv6 address that is none", second({ address6: "fd00::2/64" }), "nodes[1].address6"],
  ["a node as a machine and as a host", second({ host: login, machine: {} }), "nodes[1]"],
  ["a host without a user", host({ user: undefined }), "nodes[1].host.user"],
  ["a host's user that is a shell line", host({ user: "a; reboot" }), "nodes[1].host.user"],
  ["a host without a key", host({ keyFile: undefined }), "nodes[1].host"],
  ["a host with two keys", host({ privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nx" }), "nodes[1].host"],
  ["a host's key file by a relative path", host({ keyFile: "id_ed25519" }), "nodes[1].host.keyFile"],
  ["a host's key file that is not there", host({ keyFile: "/nonexistent/key" }), "nodes[1].host.keyFile"],
  [
    "a host's private key that is none",
    host({ keyFile: undefined, privateKey: "secret" }),
    "nodes[1].host.privateKey",
  ],
  ["a host's key that is a fingerprint", host({ hostKey: "SHA256:abc" }), "nodes[1].host.hostKey"],
  ["a host's port out of range", host({ port: 70_000 }), "nodes[1].host.port"],
  ["a host's port as text", host({ port: "22" }), "nodes[1].host.port"],
  ["a host's address with a user", host({ address: "admin@two" }), "nodes[1].host.address"],
  ["a host's password", host({ password: "x" }), "nodes[1].host.password"],
  ["a host that is text", second({ host: "two.example" }), "nodes[1].host"],
  [
    "one host twice",
    { nodes: hosts.map((node) => ({ ...node, host: { ...login, address: "same" } })) },
    "nodes",
  ],
  ["hosts with a box", { nodes: hosts, box: "debian/bookworm64" }, "box"],
  [
    "hosts with a hypervisor and memory",
    { nodes: hosts, hypervisor: "libvirt", memory: 2048 },
    "hypervisor",
    "memory",
  ],
  ["hosts with processors", { nodes: hosts, cpus: 4 }, "cpus"],
  [
    "hosts with a bridge and DHCP",
    { nodes: hosts, bridge: ["eth0"], dhcpNetwork: true },
    "bridge",
    "dhcpNetwork",
  ],
  ["a machine that is text", machine("big"), "nodes[1].machine"],
  ["a machine's setting misspelt", machine({ port: [] }), "nodes[1].machine.port"],
  ["a forwarded port without the machine's", forward({ host: 80 }), "nodes[1].machine.ports[0].guest"],
  ["a forwarded port 0", forward({ guest: 0 }), "nodes[1].machine.ports[0].guest"],
  [
    "a forwarded range beyond the last port",
    forward({ guest: 80, host: 65_530, count: 10 }),
    "nodes[1].machine.ports[0].host",
  ],
  [
    "forwarded ranges that overlap",
    forward({ guest: 80, host: 8000, count: 5 }, { guest: 90, host: 8004 }),
    "nodes[1].machine.ports[1].host",
  ],
  ["a protocol that is none", forward({ guest: 80, protocol: "icmp" }), "nodes[1].machine.ports[0].protocol"],
  [
    "an address to listen on that is a name",
    forward({ guest: 80, hostIp: "localhost" }),
    "nodes[1].machine.ports[0].hostIp",
  ],
  [
    "usable ports upside down",
    machine({ usablePorts: { from: 3000, to: 2000 } }),
    "nodes[1].machine.usablePorts",
  ],
  [
    "usable ports without an end",
    machine({ usablePorts: { from: 3000 } }),
    "nodes[1].machine.usablePorts.to",
  ],
  ["a hypervisor that is none", { hypervisor: "bochs" }, "hypervisor"],
  ["a box with a space", { box: "debian 12" }, "box"],
  ["a box's version that is a range", { boxVersion: ">= 1.0" }, "boxVersion"],
  ["a box's address without a box", { boxUrl: "https://example.org/x.box" }, "boxUrl"],
  ["a checksum without an address", { box: "a/b", boxChecksum: `sha256:${"0".repeat(64)}` }, "boxChecksum"],
  ["a checksum that is none", { boxChecksum: "abc" }, "boxChecksum"],
  ["half a processor", { cpus: 0.5 }, "cpus"],
  ["no processor", { cpus: 0 }, "cpus"],
  ["processors in words", { cpus: "two" }, "cpus"],
  ["memory in gigabytes", { memory: "4G" }, "memory"],
  ["too little memory", { memory: 128 }, "memory"],
  ["a bridge as text", { bridge: "eth0" }, "bridge"],
  ["a bridge twice", { bridge: ["eth0", "eth0"] }, "bridge"],
  ["DHCP perhaps", { dhcpNetwork: "perhaps" }, "dhcpNetwork"],
  ["the image latest", { image: "rancher/rancher:latest" }, "image"],
  ["an image without a tag", { image: "rancher/rancher" }, "image"],
  ["an image that is a shell line", { image: "a:b; reboot" }, "image"],
  ["a port that does not exist", { httpsPort: 65_536 }, "httpsPort"],
  ["a port in words", { httpsPort: "https" }, "httpsPort"],
  ["a deadline of a second", { startDeadline: 1 }, "startDeadline"],
  ["a relative data directory", { dataDirectory: "data" }, "dataDirectory"],
  ["a data directory with a space", { dataDirectory: "/a b" }, "dataDirectory"],
  ["a data directory that is a shell line", { dataDirectory: "/a;reboot" }, "dataDirectory"],
  ["a shared directory below home", { sharedDirectory: "~/data" }, "sharedDirectory"],
  ["an NFS address that is a name", { nfsAddress: "nas" }, "nfsAddress"],
  ["a node's address for NFS", { nfsAddress: "192.168.56.11" }, "nfsAddress"],
  ["data kept perhaps", { keepData: "perhaps" }, "keepData"],
  ["a preset that is none", { preset: "turbo" }, "preset"],
  ["a preset and an interval", { preset: "fast", advertInterval: 1 }, "preset", "advertInterval"],
  ["too fast adverts", { advertInterval: 0.01 }, "advertInterval"],
  ["too slow adverts", { advertInterval: 60 }, "advertInterval"],
  ["adverts of a thousandth", { advertInterval: 0.2005 }, "advertInterval"],
  ["a router id of 0", { virtualRouterId: 0 }, "virtualRouterId"],
  ["a router id of 256", { virtualRouterId: 256 }, "virtualRouterId"],
  ["a further VIP without prefix", { furtherVips: ["192.168.56.20"] }, "furtherVips[0]"],
  ["a further VIP that is the VIP", { furtherVips: ["192.168.56.10/24"] }, "furtherVips[0]"],
  ["a further VIP twice", { furtherVips: ["192.168.56.20/24", "192.168.56.20/24"] }, "furtherVips"],
  ["a further VIP elsewhere", { furtherVips: ["10.0.0.1/24"] }, "furtherVips[0]"],
  ["a further VIP that is a node", { furtherVips: ["192.168.56.12/24"] }, "furtherVips[0]"],
  ["a subnet without prefix", { subnet: "192.168.56.0" }, "subnet"],
  ["a subnet of one", { subnet: "192.168.56.0/32" }, "subnet"],
  ["nodes outside of the subnet", { subnet: "10.0.0.0/24" }, "nodes[0].address", "nodes[1].address"],
  ["keepalived as text", keepalived("fast"), "keepalived"],
  ["a VRRP version that is none", keepalived({ version: 4 }), "keepalived.version"],
  ["VRRP 2 below a second", keepalived({ version: 2 }), "preset", "keepalived.version"],
  ["authentication", keepalived({ auth: "secret" }), "keepalived.auth"],
  ["a state", keepalived({ state: "MASTER" }), "keepalived.state"],
  ["preemption in words", keepalived({ preempt: "yes" }), "keepalived.preempt"],
  ["a delay without preemption", keepalived({ preemptDelay: 5 }), "keepalived.preemptDelay"],
  ["one advert missed is enough", keepalived({ downTimerAdverts: 1 }), "keepalived.downTimerAdverts"],
  [
    "repeats of no reminder",
    keepalived({ garp: { refresh: 0, refreshRepeat: 3 } }),
    "keepalived.garp.refreshRepeat",
  ],
  ["ARP as a number", keepalived({ garp: 5 }), "keepalived.garp"],
  ["tracking as a list", keepalived({ track: ["eth0"] }), "keepalived.track"],
  ["a script as text", track({ scripts: ["/bin/true"] }), "keepalived.track.scripts[0]"],
  ["ARP misspelt", keepalived({ garp: { delays: 1 } }), "keepalived.garp.delays"],
  ["a script by a relative path", script({ command: "check" }), "keepalived.track.scripts[0].command"],
  ["a script with quotes", script({ command: '/bin/sh -c "x"' }), "keepalived.track.scripts[0].command"],
  [
    "a script slower than its turn",
    script({ interval: 1, timeout: 5 }),
    "keepalived.track.scripts[0].timeout",
  ],
  [
    "a script in the shared data",
    script({ command: "/rancher_data/check" }),
    "keepalived.track.scripts[0].command",
  ],
  ["a file of the program's own", track({ files: ["/run/ha-rancher/track"] }), "keepalived.track.files[0]"],
  ["an interface with a slash", track({ interfaces: ["eth0/1"] }), "keepalived.track.interfaces[0]"],
  ["a process by its path", track({ processes: ["/usr/bin/dockerd"] }), "keepalived.track.processes[0]"],
  ["a program to notify with arguments", keepalived({ notify: "/bin/tell me" }), "keepalived.notify"],
  ["a setting misspelt", { vpi: "192.168.56.10/24" }, "vpi"],
  ["a setting of elsewhere", { kubernetesVersion: "1.30" }, "kubernetesVersion"],
  ["three at once", { vip: "x", cpus: "many", hypervisor: "bochs" }, "vip", "cpus", "hypervisor"],
  [
    "one by itself and one between settings",
    { cpus: "many", nfsAddress: "192.168.56.12" },
    "cpus",
    "nfsAddress",
  ],
  [
    "a misspelt one and one between settings",
    { vpi: "x", virtualRouterId: 0, furtherVips: ["192.168.56.10/24"] },
    "vpi",
    "virtualRouterId",
    "furtherVips[0]",
  ],
];

const good: Config = { vip: "192.168.56.10/24", nodes: machines };

export interface BrokenStack {
  what: string;
  /** The file's text. */
  text: string;
  /** Settings that must be named, in backticks. */
  names: string[];
}

/** JSON is YAML. */
const fileOf = (change: Config): string =>
  JSON.stringify({
    config: Object.fromEntries(
      Object.entries({ ...good, ...change }).flatMap(([name, value]) =>
        value === undefined ? [] : [[`ha-rancher:${name}`, value]],
      ),
    ),
  });

/** What is wrong with the file itself. */
const texts: [what: string, text: string, ...names: string[]][] = [
  ["an empty file", "", "vip", "nodes"],
  ["nothing but a comment", "# later\n", "vip", "nodes"],
  ["no config", "encryptionsalt: v1:x\n", "vip", "nodes"],
  ["a config that is empty", "config:\n", "vip", "nodes"],
  ["a config that is text", "config: later\n", "config"],
  ["a config that is a list", "config: [vip, nodes]\n", "config"],
  ["a list", "- vip\n- nodes\n", "config"],
  ["settings without their namespace", "config:\n  vip: 192.168.56.10/24\n  nodes: []\n", "vip", "nodes"],
  [
    "settings of another namespace",
    "config:\n  rancher:vip: 192.168.56.10/24\n",
    "rancher:vip",
    "ha-rancher:vip",
    "nodes",
  ],
  [
    "all kinds at once: form, namespace, meaning",
    `config:
  rancher:image: rancher/rancher:v2.12.1
  ha-ranchr:preset: fast
  vip: 192.168.56.10/24
  ha-rancher:vip:
  ha-rancher:keepdata: true
  ha-rancher:httpPort: 0443
  ha-rancher:memory: lots
  ha-rancher:nodes:
    - { name: one, address: 192.168.56.11 }
    - { name: one, address: ~ }
`,
    "rancher:image",
    "ha-rancher:image",
    "ha-ranchr:preset",
    "ha-rancher:preset",
    "ha-rancher:vip",
    "vip",
    "keepData",
    "httpPort",
    "memory",
    "nodes[1].address",
    "nodes",
  ],
];

export const brokenStacks: BrokenStack[] = [
  ...rows.map(([what, change, ...names]) => ({ what, text: fileOf(change), names })),
  ...texts.map(([what, text, ...names]) => ({ what, text, names })),
];

/** Files that are no YAML at all: the file must be named. */
export const notYaml: Record<string, string> = {
  "a bracket that does not close": "config: [\n",
  "a tab for indentation": "config:\n\tha-rancher:vip: 1.2.3.4/24\n",
  "a quote that does not end": 'config:\n  ha-rancher:vip: "1.2.3.4/24\n',
};

export const goodStack: string = fileOf({});
