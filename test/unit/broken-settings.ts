import { certificate, key, otherKey } from "./certificate-fixture";

/*
 * What settings may not be: for each a value, and words that the refusal must have. The settings that are numbers, truths
 * or choices are refused by their type and bounds as well; a test makes those values from the schema.
 */

export type BadValue = [value: unknown, words: RegExp];

const notAddress = /IPv4 address/;
const unusable = /loopback|multicast|broadcast|reserved|link-local|no address/;
const directories: BadValue[] = [
  ["data", /absolute path/],
  ["/a b", /absolute path/],
  ["/a;reboot", /absolute path/],
  ["/a\nb", /absolute path/],
  ["/srv/../etc", /`\.\.`/],
  ["/srv/./x", /`\.`/],
  ["/etc", /operating system/],
  ["/usr/local/x", /operating system/],
  ["/var/lib/docker/x", /Docker/],
  ["/var/lib", /Docker|holds others/],
  ["/opt", /holds others/],
  ["/rancher_lease", /lease/],
  ["/var/lib/ha-rancher/data", /this project's own/],
  ["/run/x", /operating system/],
  [`/${"x".repeat(201)}`, /200 characters/],
];
const unseen: BadValue[] = [
  ["a\u200bb", /U\+200B/],
  ["\u202eb", /U\+202E/],
  ["a\u0000", /U\+0000/],
];
const privateKeys: BadValue[] = [
  ["secret", /private key/],
  ["-----BEGIN OPENSSH PUBLIC KEY-----\nx", /private key/],
  [["x"], /private key|text/],
];

const insidePaths: BadValue[] = [
  ["data", /absolute path in the container/],
  ["/a b", /absolute path in the container/],
  ["/srv/../etc", /`\.`|`\.\.`/],
  ["/proc/x", /kernel's/],
  [`/${"x".repeat(201)}`, /200 characters/],
];
const words: BadValue[] = [
  ["a\nb", /one line/],
  ["x".repeat(4_001), /4000 characters/],
  [["x"], /text/],
];

const ofContainer: Record<string, BadValue[]> = {
  "container.name": [
    ["Postgres", /short name/],
    ["post gres", /short name/],
    ["-postgres", /short name/],
    ["p".repeat(31), /short name/],
  ],
  "container.dataPath": [...insidePaths, ["/etc", /own programs/], ["/usr", /own programs/]],
  "container.datastore": [
    ["/pgdata", /relative path/],
    ["../pgdata", /relative path/],
    [".snap", /relative path/],
    ["a//b", /relative path/],
  ],
  "container.ports[].target": [],
  "container.health[].http.path": [
    ["healthz", /page's path/],
    ["/a b", /page's path/],
    [`/${"x".repeat(500)}`, /500 characters/],
  ],
  "container.health[].command[]": words,
  "container.health[].log": [...words, ["", /empty/]],
  "container.environment.{}": [["a\u0000", /null byte|U\+0000/], ...unseen.slice(0, 2), [["x"], /text/]],
  "container.command[]": words,
  "container.backup.command[]": words,
  "container.backup.restore[]": words,
  "container.volumes[].name": [
    ["x", /Docker volume's name/],
    ["a b", /Docker volume's name/],
    ["-abc", /Docker volume's name/],
  ],
  "container.volumes[].path": insidePaths,
  "container.user": [
    ["Root", /user:group/],
    ["a:b:c", /user:group/],
    ["", /user:group/],
    ["a b", /user:group/],
  ],
  "container.capabilities.add[]": [
    ["net_admin", /capabilities\(7\)/],
    ["NET ADMIN", /capabilities\(7\)/],
    [["x"], /text/],
  ],
  "container.capabilities.drop[]": [
    ["all the rest", /capabilities\(7\)/],
    ["net", /capabilities\(7\)/],
    [["x"], /text/],
  ],
  "container.stopSignal": [
    ["INT", /signal's name/],
    ["sigint", /signal's name/],
    ["9", /signal's name/],
  ],
};

const units: BadValue[] = [
  ["nginx", /with its kind/],
  ["a b.service", /with its kind/],
  ["--now.service", /with its kind/],
  ["../x.service", /with its kind/],
];

const ofAddress: Record<string, BadValue[]> = {
  "address.vips[].name": [
    ["Web", /short name/],
    ["we b", /short name/],
    ["-web", /short name/],
    ["w".repeat(21), /short name/],
  ],
  "address.vips[].vip": [
    ["192.168.56.30", /prefix/],
    ["fd00::1/64", /IPv4 address/],
    ["192.168.56.30/33", /IPv4 address/],
    [["x"], /text/],
  ],
  "address.vips[].preferred": [
    ["three", /is no node/],
    ["", /is no node/],
    [["x"], /text/],
  ],
  "address.vips[].checks[].http.path": [
    ["healthz", /page's path/],
    ["/a b", /page's path/],
    [`/${"x".repeat(500)}`, /500 characters/],
  ],
  "address.vips[].checks[].unit": units,
  "address.vips[].checks[].process": [
    ["a/b", /15 characters/],
    ["x".repeat(16), /15 characters/],
    ["", /15 characters/],
  ],
  "address.vips[].checks[].command[]": [...words, ["fit", /absolute path/]],
  "address.vips[].units[]": units,
};

const relativePaths: BadValue[] = [
  ["/pgdata", /relative path/],
  ["../pgdata", /relative path/],
  [".snap", /relative path/],
  ["a//b", /relative path/],
];
const shortNames: BadValue[] = [
  ["Postgres", /short name/],
  ["post gres", /short name/],
  ["-postgres", /short name/],
  ["p".repeat(31), /short name/],
];
const hookValues = (when: string): Record<string, BadValue[]> => ({
  [`container.hooks.${when}[].name`]: shortNames,
  [`container.hooks.${when}[].command[]`]: words,
  [`container.hooks.${when}[].like`]: shortNames,
});
/** What a companion may have as the main container. */
const ofCompanions = Object.fromEntries(
  Object.entries(ofContainer)
    .filter(([path]) => !/\.(ports|health|datastore|backup)/.test(path))
    .map(([path, rows]) => [path.replace("container.", "container.companions[]."), rows]),
);

export const badValues: Record<string, BadValue[]> = {
  ...ofContainer,
  ...ofAddress,
  ...ofCompanions,
  "container.dataFolder": relativePaths,
  "container.companions[].dataFolder": relativePaths,
  "container.companions[].image": [
    ["postgres", /tag or digest/],
    ["postgres:latest", /must not be `latest`/],
    ["post gres:15", /tag or digest/],
  ],
  "container.companions[].health[].command[]": words,
  "container.companions[].health[].log": [...words, ["", /empty/]],
  "container.backup.of": shortNames,
  ...hookValues("beforeStart"),
  ...hookValues("afterStop"),
  vip: [
    ["192.168.56.10", /prefix/],
    ["192.168.56.012/24", /IPv4 address/],
    ["0x0a.1.1.1/24", /IPv4 address/],
    ["10.1/24", /IPv4 address/],
    ["192.168.56.10/024", /IPv4 address|number/],
    ["192.168.56.10/33", /IPv4 address/],
    ["fd00::1/64", /IPv4 address/],
    ["0.0.0.0/24", /subnet|no address/],
    ["192.168.56.0/24", /first or last/],
    ["192.168.56.255/24", /first or last/],
    ["192.168.56.10/0", /prefix/],
  ],
  "furtherVips[]": [
    ["192.168.56.20", /prefix/],
    [[], /text/],
    ["10.0.0.1/24", /subnet of `vip`/],
    ["192.168.56.255/24", /first or last/],
    ["224.0.0.18/24", unusable],
    ["127.0.0.1/8", unusable],
    ["fe80::1/64", unusable],
    ["fd00:56::/64", /first address/],
    ["fd00::1/0", /prefix/],
    ["::ffff:192.168.56.20/120", /IPv4 form|IPv6 form/],
    ["fe80::1%eth0/64", /prefix/],
  ],
  subnet: [
    ["192.168.56.0", /network/],
    ["192.168.56.0/31", /prefix/],
    ["127.0.0.0/8", /loopback/],
    ["224.0.0.0/8", /multicast/],
    ["0.0.0.0/0", /prefix|multicast/],
  ],
  "keepalived.track.interfaces[]": [
    ["eth0/1", /interface/],
    ["", /interface/],
    ["an-interface-too-long", /interface/],
    ["-x", /interface/],
  ],
  "keepalived.track.processes[]": [
    ["/usr/bin/dockerd", /process/],
    ["sixteen-characters", /process/],
    ["a b", /process/],
  ],
  "keepalived.track.scripts[].command": [
    ["check", /absolute path/],
    ['/bin/sh -c "x"', /absolute path/],
    ["/a\nb", /absolute path/],
    ["/srv/../bin/x", /absolute path/],
    ["/rancher_data/check", /must not be in/],
  ],
  "keepalived.track.files[]": [
    ["track", /absolute path/],
    ["/run/ha-rancher/track", /tracked already/],
    ["/dev/urandom", /\/dev/],
    ["/srv/../x", /`\.\.`/],
    ["/rancher_data/x", /must not be in/],
  ],
  "keepalived.authHmac.key": [
    ["k".repeat(31), /32 to 64 random/],
    ["k".repeat(65), /32 to 64 random/],
    [`hex:${"0".repeat(60)}`, /32 to 64 random/],
    [`${"k".repeat(40)} }`, /32 to 64 random/],
    [`${"k".repeat(40)}\n}`, /32 to 64 random/],
    [["x"], /must be a text/],
  ],
  "keepalived.notify": [
    ["tell", /absolute path/],
    ["/bin/tell me", /absolute path/],
    ["/srv/../bin/x", /`\.\.`/],
    ["/rancher_lease/x", /must not be in/],
  ],
  "nodes[].name": [
    [[], /host name/],
    ["Two", /host name/],
    ["a_b", /host name/],
    ["$(reboot)", /host name/],
    ["../etc", /host name/],
    ["a\nb", /host name/],
    ["-a", /host name/],
    ["", /host name/],
    ...unseen,
  ],
  "nodes[].address": [
    [[], notAddress],
    ["192.168.56.12/24", notAddress],
    ["two.example", notAddress],
    ["192.168.056.12", notAddress],
    ["192.168.56.255", /first or last/],
    ["192.168.57.12", /subnet of `vip`/],
    ["127.0.0.1", unusable],
    ["169.254.1.1", unusable],
    ["255.255.255.255", unusable],
    ["0.0.0.0", unusable],
    ["240.0.0.1", unusable],
  ],
  "nodes[].address6": [
    ["fd00::2/64", /IPv6 address/],
    ["fe80::1%eth0", /IPv6 address/],
    ["192.168.56.12", /IPv6 address/],
    ["ff02::1", unusable],
    ["::1", unusable],
    ["::ffff:10.0.0.1", /IPv4 address/],
  ],
  "nodes[].host.address": [
    ["admin@two", /host's name/],
    ["10.0.0", /host's name/],
    ["a..b", /host's name/],
    ["224.0.0.1", /multicast/],
    ["-oProxyCommand=x", /host's name/],
  ],
  "nodes[].host.user": [
    ["a; reboot", /user's name/],
    ["Root", /user's name/],
    ["-l", /user's name/],
    ["", /user's name/],
  ],
  "nodes[].host.keyFile": [
    ["id_ed25519", /absolute/],
    ["key", /absolute/],
    ["~/../key", /`\.\.`/],
    ["/a\nb", /absolute/],
  ],
  "nodes[].host.privateKey": privateKeys,
  "nodes[].host.hostKey": [
    ["SHA256:abc", /public key/],
    [`ssh-rsa ${"A".repeat(200)}`, /ed25519/],
    [`ssh-ed25519 ${"A".repeat(68)}`, /not a key of its type/],
    ["ssh-ed25519 AAAA", /public key/],
    [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}\nx`, /public key/],
  ],
  "nodes[].machine.ports[].hostIp": [
    ["localhost", /IPv4 address/],
    ["224.0.0.1", /this machine can have/],
    ["255.255.255.255", /this machine can have/],
  ],
  box: [
    ["debian 12", /Vagrant box/],
    ["-f", /Vagrant box/],
    ["../x", /Vagrant box/],
    ["a/b/c", /Vagrant box/],
  ],
  boxVersion: [
    [">= 1.0", /exact version/],
    ["-f", /exact version/],
    ["1.0 ", /exact version/],
  ],
  boxUrl: [
    ["--insecure", /no option/],
    ["https://a b", /\.box file/],
    ["/boxes/../x.box", /`\.\.`/],
  ],
  boxChecksum: [
    ["abc", /sha256/],
    [`md5:${"0".repeat(32)}`, /sha256/],
    [`sha256:${"0".repeat(63)}`, /sha256/],
    [`sha256:${"G".repeat(64)}`, /sha256/],
  ],
  "bridge[]": [["", /interface/], ["-x", /interface/], ["a\nb", /interface/], ...unseen.slice(0, 1)],
  dataDirectory: directories,
  sharedDirectory: [...directories, ["~/data", /absolute path/]],
  "backup.directory": directories,
  nfsAddress: [
    ["nas", notAddress],
    ["192.168.56.1/24", notAddress],
    ["127.0.0.1", unusable],
    ["239.1.1.1", unusable],
    ["192.168.56.255", /first or last/],
  ],
  image: [
    ["rancher/rancher:latest", /latest/],
    ["rancher/rancher", /tag or digest/],
    ["a:b; reboot", /tag or digest/],
    ["a:1:2", /tag or digest/],
    ["a:1/b:2/c:3", /tag or digest/],
    ["r.example:70000/a:1", /tag or digest/],
    ["A/b:1", /tag or digest/],
    [`a@sha256:${"0".repeat(63)}`, /tag or digest/],
    ["-f:1", /tag or digest/],
  ],
  discardWritesOf: [
    ["rancher-1a2b3c4d; reboot", /container's name/],
    ["-f", /container's name/],
    ["a/b", /container's name/],
  ],
  "registryLogin.username": [
    ["", /user's name/],
    ["a\nb", /one line/],
    [5, /user's name/],
  ],
  "registryLogin.password": [
    ["", /password/],
    ["a\nb", /one line/],
    [5, /password/],
  ],
  "imageArchive.file": [
    ["rancher.tar", /absolute path/],
    ["/a/../b.tar", /`\.\.`/],
    ["/a\nb.tar", /absolute path/],
  ],
  "imageArchive.sha256": [
    ["abc", /SHA-256/],
    ["0".repeat(65), /SHA-256/],
    ["G".repeat(64), /SHA-256/],
  ],
  "registryMirrors[]": [
    ["mirror.example.com", /registry's address/],
    ["https://user:pass@mirror", /registry's address/],
    ["https://mirror:70000", /port from 1/],
    ["https://mirror:0", /port from 1/],
    ["ftp://mirror", /registry's address/],
  ],
  systemRegistry: [
    ["https://registry", /host and port/],
    ["registry:70000", /port from 1/],
    ["registry/x", /host and port/],
  ],
  hostname: [
    ["https://rancher", /host name/],
    ["192.168.56.10", /no address/],
    [`${"a".repeat(64)}.example.com`, /63 characters/],
    ["a b", /host name/],
    ["a.example.com.", /host name/],
  ],
  "tls.certificate": [
    ["x", /PEM/],
    ["-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", /PEM|cannot be read/],
    ["-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n", /cannot be read/],
    [key, /PEM/],
    [`${certificate}${certificate}`, /issuer/],
  ],
  "tls.key": [
    ["x", /PEM/],
    [otherKey, /is not the key/],
    [certificate, /PEM/],
    ["-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n", /cannot be read/],
  ],
  "tls.ca": [
    ["x", /PEM/],
    [key, /PEM/],
    ["-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n", /cannot be read/],
  ],
  "extraEnvironment.{}": [
    [null, /no value/],
    [["a"], /text/],
    ["a\u0000b", /U\+0000/],
    ["a\u202eb", /U\+202E/],
  ],
  agentVolume: [
    ["/var/lib", /Docker volume/],
    ["a", /Docker volume/],
    ["-a", /Docker volume/],
    ["a b", /Docker volume/],
  ],
  "backup.schedule": [
    ["", /systemd timers/],
    ["daily\nExecStart=x", /systemd timers/],
    ["$(x)", /systemd timers/],
    [5, /text/],
  ],
  "notify.webhooks[].url": [
    ["ftp://hooks.example.com", /begins with http/],
    ["hooks.example.com/x", /begins with http/],
    ["https://a b", /begins with http/],
    ["https://[x", /address such as/],
  ],
  "notify.mail.from": [
    ["nodes", /mail address/],
    ["-oQ/tmp@example.com", /mail address/],
    ["a@b\nBcc: c@d", /mail address/],
  ],
  "notify.mail.to[]": [
    ["ops", /mail address/],
    ["-f@example.com", /mail address/],
    ["a@b,c@d", /mail address/],
  ],
  "notify.mail.server": [
    ["-x", /host name/],
    ["mail server", /host name/],
    ["", /host name/],
  ],
  "notify.mail.user": [
    ["a\nb", /one line/],
    ["a\u0000b", /one line|U\+0000/],
    [5, /text/],
  ],
  "notify.mail.password": [
    ["a\nb", /one line/],
    ["a\u0000b", /one line|U\+0000/],
    [5, /text/],
  ],
  "notify.command[]": [
    ["a\nb", /one line/],
    ["relative", /absolute path/],
    [5, /text/],
  ],
  "snapshots.schedule": [
    ["", /systemd timers/],
    ["hourly\nExecStart=x", /systemd timers/],
    ["$(x)", /systemd timers/],
    [5, /text/],
  ],
  "fencing.agent": [
    ["fence-virsh", /fence agent/],
    ["/bin/sh", /fence agent/],
    ["fence_virsh; x", /fence agent/],
  ],
  "fencing.options.{}": [
    ["a\nb", /one line/],
    [" a", /one line/],
    ['"a"', /double quotes/],
  ],
  "fencing.nodes.{}.{}": [
    ["a\nb", /one line/],
    ["", /one line/],
    ['"a"', /double quotes/],
  ],
  "fencing.sshKey": privateKeys,
  "fencing.hostKey": [
    ["SHA256:abc", /host key/],
    ["ssh-ed25519", /host key/],
    ["ssh-ed25519 AAAA\nx", /host key/],
  ],
};
