/* Settings that are wrong together: the changes of a good stack, and what the refusal must name and say. */

export interface BrokenPair {
  what: string;
  of: "machines" | "hosts" | "container" | "address";
  /** By path; undefined removes a setting. */
  change: Record<string, unknown>;
  names: string[];
  words: RegExp;
}

type Row = [what: string, change: Record<string, unknown>, names: string, words: RegExp];

const ofMachines: Row[] = [
  ["a node with the VIP's address", { "nodes[1].address": "192.168.56.10" }, "nodes[1].address vip", /moves/],
  ["two nodes with one address", { "nodes[1].address": "192.168.56.11" }, "nodes", /twice/],
  ["two nodes with one name", { "nodes[1].name": "one" }, "nodes", /twice/],
  [
    "two nodes with one IPv6 address",
    { "nodes[1].address6": "fd00:56:0::11" },
    "nodes[].address6",
    /another/,
  ],
  [
    "one node alone with an IPv6 address",
    { "nodes[1].address6": undefined },
    "nodes[].address6",
    /all nodes/,
  ],
  ["equal priorities", { "nodes[1].priority": 150 }, "nodes[1].priority nodes[0]", /equal/],
  [
    "an IPv6 VIP in another network",
    { "furtherVips[1]": "fd00:57::10/64" },
    "furtherVips[1]",
    /network of the nodes/,
  ],
  [
    "a further VIP that is a node",
    { "furtherVips[0]": "192.168.56.12/24" },
    "furtherVips[0] nodes[1]",
    /must not be/,
  ],
  [
    "a further VIP that is a node's IPv6",
    { "furtherVips[1]": "fd00:56::12/64" },
    "furtherVips[1] nodes[1]",
    /must not/,
  ],
  [
    "a further VIP that is the VIP",
    { "furtherVips[0]": "192.168.56.10/24" },
    "furtherVips[0] vip",
    /same address/,
  ],
  [
    "a further VIP with another prefix",
    { "furtherVips[0]": "192.168.56.20/25" },
    "furtherVips[0] vip",
    /prefix/,
  ],
  [
    "the NFS server as a further VIP",
    { "furtherVips[0]": "192.168.56.5/24" },
    "nfsAddress furtherVips[0]",
    /moves/,
  ],
  ["the NFS server as the VIP", { nfsAddress: "192.168.56.10" }, "nfsAddress vip", /moves/],
  ["the NFS server as a node", { nfsAddress: "192.168.56.11" }, "nfsAddress", /node's address/],
  [
    "the network's end as NFS server",
    { subnet: "192.168.56.0/28", nfsAddress: "192.168.56.15", "furtherVips[0]": "192.168.56.9/28" },
    "nfsAddress",
    /first or last/,
  ],
  ["nodes outside of the subnet", { subnet: "10.0.0.0/24" }, "nodes[0].address subnet", /must be in/],
  [
    "a node at the subnet's end",
    { subnet: "192.168.56.8/29", "nodes[1].address": "192.168.56.15" },
    "nodes[1].address",
    /first or last/,
  ],
  [
    "a routed VIP that is its network",
    { vip: "10.9.0.0/24", subnet: "192.168.56.0/24" },
    "vip",
    /first or last/,
  ],
  ["a routed VIP of the whole world", { vip: "10.9.0.1/0", subnet: "192.168.56.0/24" }, "vip", /prefix/],
  ["a routed loopback VIP", { vip: "127.0.0.2/32", subnet: "192.168.56.0/24" }, "vip", /loopback/],
  [
    "forwarded ports at the VIP",
    { "nodes[0].machine.ports[0].hostIp": "192.168.56.10" },
    "nodes[0].machine.ports[0].hostIp vip",
    /this machine/,
  ],
  [
    "forwarded ports at a node",
    { "nodes[0].machine.ports[0].hostIp": "192.168.56.12" },
    "nodes[0].machine.ports[0].hostIp nodes[1].address",
    /this machine/,
  ],
  [
    "forwarded ports beyond the last",
    { "nodes[0].machine.ports[0].host": 65_535 },
    "nodes[0].machine.ports[0].host",
    /65535/,
  ],
  [
    "one port forwarded twice",
    { "nodes[1].machine": { ports: [{ guest: 1, host: 18_081 }] } },
    "nodes[1].machine.ports[0].host",
    /already/,
  ],
  [
    "usable ports upside down",
    { "nodes[0].machine.usablePorts": { from: 23_000, to: 22_000 } },
    "nodes[0].machine.usablePorts",
    /`from`/,
  ],
  ["a preset and an interval", { advertInterval: 1 }, "preset advertInterval", /both/],
  ["VRRP 2 and fast adverts", { "keepalived.version": 2 }, "preset keepalived.version", /whole seconds/],
  [
    "VRRP 2 and IPv6",
    { preset: "steady", "keepalived.version": 2 },
    "nodes[].address6 keepalived.version",
    /IPv6/,
  ],
  [
    "instant and ordinary scheduling",
    { preset: "instant", "keepalived.realTimePriority": 0 },
    "keepalived.realTimePriority preset",
    /busy/,
  ],
  [
    "instant and two adverts",
    { preset: "instant", "keepalived.downTimerAdverts": 2 },
    "keepalived.downTimerAdverts",
    /silence/,
  ],
  [
    "a delay of no preemption",
    { "keepalived.preempt": false },
    "keepalived.preemptDelay keepalived.preempt",
    /does nothing/,
  ],
  [
    "a start later than the deadline",
    { startDeadline: 10, "keepalived.startupDelay": 20 },
    "keepalived.startupDelay startDeadline",
    /less/,
  ],
  [
    "repeats of no reminder",
    { "keepalived.garp.refresh": 0, "keepalived.garp.refreshRepeat": 3 },
    "keepalived.garp.refreshRepeat keepalived.garp.refresh",
    /does nothing/,
  ],
  [
    "packets longer than a second",
    { "keepalived.garp.interval": 1, "keepalived.garp.repeat": 3 },
    "keepalived.garp.interval keepalived.garp.repeat",
    /1 s/,
  ],
  [
    "a script slower than its turn",
    { "keepalived.track.scripts[0].timeout": 5 },
    "keepalived.track.scripts[0].timeout",
    /interval/,
  ],
  [
    "a tracked file in the data",
    { dataDirectory: "/srv/data", "keepalived.track.files[0]": "/srv/data/x" },
    "keepalived.track.files[0]",
    /must not be in/,
  ],
  [
    "a tracked script in the data",
    { dataDirectory: "/srv/data", "keepalived.track.scripts[0].command": "/bin/cat /srv/data/x" },
    "keepalived.track.scripts[0].command",
    /must not be in/,
  ],
  [
    "a program to notify in the data",
    { dataDirectory: "/srv/data", "keepalived.notify": "/srv/data/x" },
    "keepalived.notify",
    /must not be in/,
  ],
  [
    "backups in the data",
    { dataDirectory: "/srv/data", "backup.directory": "/srv/data/backups" },
    "backup.directory dataDirectory",
    /outlive/,
  ],
  [
    "the data in the backups",
    { dataDirectory: "/srv/a/data", "backup.directory": "/srv/a" },
    "backup.directory dataDirectory",
    /around/,
  ],
  ["HTTP and HTTPS on one port", { httpPort: 443 }, "httpPort httpsPort", /differ/],
  ["HTTPS on SSH's port", { httpsPort: 22 }, "httpsPort", /SSH/],
  ["HTTP on rpcbind's port", { nfsVersion: "3", httpPort: 111 }, "httpPort", /rpcbind/],
  [
    "a key of another certificate",
    {
      "tls.key":
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n",
    },
    "tls.key",
    /cannot be read/,
  ],
  ["the container's own variable", { "extraEnvironment.PATH": "/x" }, "extraEnvironment.PATH", /not yours/],
  [
    "the loader's variable",
    { "extraEnvironment.LD_PRELOAD": "/x" },
    "extraEnvironment.LD_PRELOAD",
    /not yours/,
  ],
  [
    "a variable that a setting decides",
    { "extraEnvironment.CATTLE_SERVER_URL": "x" },
    "extraEnvironment.CATTLE_SERVER_URL",
    /hostname/,
  ],
  ["a checksum of no file", { boxUrl: undefined }, "boxChecksum boxUrl", /file/],
  ["a file of no box", { box: undefined }, "boxUrl box", /name/],
  [
    "a cloud image with a box's name",
    { boxUrl: "https://x/a.qcow2", boxVersion: undefined },
    "box boxUrl",
    /remove it/,
  ],
  ["a cloud image with a version", { boxUrl: "/a.img", box: undefined }, "boxVersion boxUrl", /remove it/],
  [
    "a cloud image that may be anything",
    { boxUrl: "/a.raw", box: undefined, boxVersion: undefined, boxChecksum: undefined },
    "boxUrl boxChecksum",
    /root on every machine.*boxChecksum/,
  ],
  [
    "a login and an archive",
    { imageArchive: { file: "/a.tar", sha256: "0".repeat(64) } },
    "registryLogin imageArchive",
    /exclude/,
  ],
  ["a storage machine that keeps data", { storage: "machine" }, "keepData storage", /cannot be true/],
  [
    "a storage machine without an address",
    { storage: "machine", keepData: undefined, nfsAddress: undefined },
    "nfsAddress storage",
    /missing/,
  ],
  ["a server that forgets", { storage: "server", keepData: false }, "keepData storage", /never deleted/],
  [
    "a server without a path",
    { storage: "server", sharedDirectory: undefined },
    "sharedDirectory storage",
    /missing/,
  ],
  [
    "a node named as the storage machine",
    {
      storage: "machine",
      keepData: undefined,
      "nodes[1].name": "storage",
      "fencing.nodes": { one: { plug: "1" }, storage: { plug: "2" } },
    },
    "nodes[1].name",
    /storage/,
  ],
  [
    "fencing of a node that is none",
    { "fencing.nodes.three": { plug: "3" } },
    "fencing.nodes.three",
    /no node/,
  ],
  ["fencing without a node", { "fencing.nodes": { one: { plug: "1" } } }, "fencing.nodes.two", /missing/],
  [
    "a fence key without a host key",
    { "fencing.hostKey": undefined },
    "fencing.hostKey fencing.sshKey",
    /missing/,
  ],
  ["options of no fence agent", { "fencing.agent": "self" }, "fencing.options fencing.agent", /says nothing/],
  [
    "an option that this project gives",
    { "fencing.options.action": "off" },
    "fencing.options.action",
    /must not be given/,
  ],
];

const ofHosts: Row[] = [
  ["hosts with a box", { box: "debian/bookworm64" }, "box", /for machines/],
  ["hosts with memory", { memory: 4096 }, "memory", /for machines/],
  [
    "hosts on a storage machine",
    { storage: "machine", keepData: undefined },
    "storage",
    /every node is a host/,
  ],
  ["a node as a machine and a host", { "nodes[1].machine": {} }, "nodes[1]", /one or the other/],
  ["a host with two keys", { "nodes[1].host.keyFile": "/k" }, "nodes[1].host", /remove one/],
  ["a host without a key", { "nodes[1].host.privateKey": undefined }, "nodes[1].host", /no key/],
  ["one host twice", { "nodes[1].host.address": "10.0.0.1" }, "nodes", /twice/],
  ["a login at the VIP", { "nodes[1].host.address": "192.168.56.10" }, "nodes[1].host.address vip", /moves/],
  [
    "a login at a further VIP",
    { "nodes[1].host.address": "192.168.56.20" },
    "nodes[1].host.address furtherVips[0]",
    /moves/,
  ],
  [
    "a login at the other node",
    { "nodes[1].host.address": "192.168.56.11" },
    "nodes[1].host.address nodes[0].address",
    /two hosts/,
  ],
  [
    "the NFS server as a host",
    { nfsAddress: "10.0.0.2" },
    "nfsAddress nodes[1].host.address",
    /no node serves/,
  ],
  ["HTTPS on the login's port", { httpsPort: 2222 }, "httpsPort nodes[0].host.port", /SSH/],
  ["an archive of a digest", { image: `a@sha256:${"0".repeat(64)}` }, "image imageArchive", /digest/],
];

const ofContainer: Row[] = [
  ["a container without what it is", { container: undefined }, "container", /missing/],
  ["a container without an image", { image: undefined }, "image", /no image of its own/],
  ["Rancher's settings beside it", { hostname: "rancher.example.com" }, "hostname workload", /take it out/],
  ["Rancher with a container", { workload: undefined }, "container workload", /is of `workload` container/],
  ["one port for two", { "container.ports[1].published": 5432 }, "container.ports", /5432\/tcp twice/],
  ["the login's port", { "container.ports[1].published": 22 }, "container.ports[1].published", /SSH/],
  ["UDP alone", { "container.ports": [{ published: 514, protocol: "udp" }] }, "container.ports", /TCP port/],
  [
    "a question to no port of it",
    { "container.health[0].tcp": 5433 },
    "container.health[0].tcp container.ports",
    /published/,
  ],
  [
    "a page on no port of it",
    { "container.health[2].http.port": 80 },
    "container.health[2].http.port",
    /asked on the node/,
  ],
  ["a question of two kinds", { "container.health[0].log": "x" }, "container.health[0]", /only one/],
  ["a question of no kind", { "container.health[0].tcp": undefined }, "container.health[0]", /one of `http`/],
  [
    "a volume over the data",
    { "container.volumes[0].path": "/var/lib/postgresql/data" },
    "container.volumes container.dataPath",
    /hides/,
  ],
  [
    "a capability with and without",
    { "container.capabilities.drop": ["SYS_NICE"] },
    "container.capabilities",
    /add and drop SYS_NICE/,
  ],
  [
    "a companion with a volume over its data",
    { "container.companions[0].volumes[0].path": "/data" },
    "container.companions[0].volumes container.companions[0].dataPath",
    /hides/,
  ],
  [
    "one that has all of the data, beside one that has a folder of it",
    { "container.dataFolder": undefined },
    "container.dataFolder",
    /all of the data could change/,
  ],
  [
    "a folder in another one's",
    { "container.companions[0].dataFolder": "postgres/cache" },
    "container.companions[0].dataFolder container",
    /must not be in/,
  ],
  [
    "a folder that is mounted nowhere",
    { "container.companions[0].dataPath": undefined },
    "container.companions[0].dataFolder container.companions[0].dataPath",
    /say where/,
  ],
  [
    "a companion with the service's name",
    { "container.companions[0].name": "postgres" },
    "container.companions",
    /name postgres twice/,
  ],
  [
    "a hook with a companion's name",
    { "container.hooks.afterStop[0].name": "cache" },
    "container.companions",
    /name cache twice/,
  ],
  [
    "a hook like nobody",
    { "container.hooks.beforeStart[0].like": "database" },
    "container.hooks.beforeStart[0].like",
    /none of the service's containers.*postgres, cache/,
  ],
  [
    "a backup of nobody",
    { "container.backup.of": "database" },
    "container.backup.of",
    /none of the service's/,
  ],
  [
    "hooks for which a start has no time",
    { "container.hooks.beforeStart[0].timeout": 53 },
    "container.hooks.beforeStart guard.startLimit",
    /may take 53 s in all/,
  ],
  [
    "a companion's question of both kinds",
    { "container.companions[0].health[0].log": "x" },
    "container.companions[0].health[0]",
    /one of `command` and `log`/,
  ],
  [
    "late writes that nothing stops",
    { "container.datastore": undefined, fencing: undefined },
    "container.datastore fencing.agent",
    /paused may still write/,
  ],
];

const ofAddress: Row[] = [
  ["data of a service", { sharedDirectory: "/srv/x" }, "sharedDirectory workload", /has none/],
  ["an image", { image: "a:1" }, "image workload", /has none/],
  ["a container beside it", { container: { name: "x" } }, "container workload", /is of `workload` container/],
  [
    "VIPs of Rancher",
    { workload: undefined, image: undefined },
    "address workload",
    /is of `workload` address/,
  ],
  [
    "the first VIP said twice",
    { "address.vips[0].vip": "192.168.56.10/24" },
    "address.vips[0].vip vip",
    /take it out/,
  ],
  [
    "the first router id said twice",
    { "address.vips[0].virtualRouterId": 9 },
    "address.vips[0].virtualRouterId virtualRouterId",
    /take it out/,
  ],
  ["a VIP without an address", { "address.vips[1].vip": undefined }, "address.vips[1].vip", /missing/],
  ["two VIPs of one name", { "address.vips[1].name": "web" }, "address.vips", /name web twice/],
  [
    "one address for two VIPs",
    { "address.vips[1].vip": "192.168.56.10/24" },
    "address.vips[1].vip",
    /already/,
  ],
  ["a further VIP again", { "address.vips[1].vip": "192.168.56.20/24" }, "address.vips[1].vip", /already/],
  [
    "a node's address",
    { "address.vips[1].vip": "192.168.56.12/24" },
    "address.vips[1].vip",
    /node's address/,
  ],
  ["a VIP elsewhere", { "address.vips[1].vip": "10.0.0.1/24" }, "address.vips[1].vip vip", /subnet of `vip`/],
  ["a VIP for nobody", { "address.vips[1].vip": "127.0.0.1/8" }, "address.vips[1].vip", /loopback/],
  [
    "one router id for two VIPs",
    { "address.vips[1].virtualRouterId": 10 },
    "address.vips[1].virtualRouterId",
    /is that of web too/,
  ],
  [
    "a weight that does nothing",
    { "address.vips[0].preempt": false, "address.vips[0].preemptDelay": undefined },
    "address.vips[0].checks[0].weight address.vips[0].preempt",
    /does nothing/,
  ],
  [
    "a delay that does nothing",
    { "address.vips[1].preempt": false, "address.vips[1].preemptDelay": 3 },
    "address.vips[1].preemptDelay preempt",
    /does nothing/,
  ],
  [
    "a check of two kinds",
    { "address.vips[0].checks[1].unit": "x.service" },
    "address.vips[0].checks[1]",
    /only one/,
  ],
  [
    "a check of no kind",
    { "address.vips[0].checks[1].tcp": undefined },
    "address.vips[0].checks[1]",
    /one of `http`/,
  ],
  [
    "a unit of two VIPs",
    { "address.vips[1].units": ["openvpn@web.service"] },
    "address.vips",
    /moves with one VIP/,
  ],
];

const rows = (of: BrokenPair["of"], table: Row[]): BrokenPair[] =>
  table.map(([what, change, names, words]) => ({ what, of, change, names: names.split(" "), words }));

export const brokenPairs: BrokenPair[] = [
  ...rows("machines", ofMachines),
  ...rows("hosts", ofHosts),
  ...rows("container", ofContainer),
  ...rows("address", ofAddress),
];
