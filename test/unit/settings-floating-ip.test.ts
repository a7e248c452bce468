import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, SettingsError } from "../../settings";
import { parseVip } from "../../settings/floating-ip";

const one = { name: "a", address: "192.168.56.11" };
const two = { name: "b", address: "192.168.56.12" };
const good = { vip: "192.168.56.10/24", nodes: [one, two] };

const raw = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

function mistakesOf(values: Record<string, unknown>): string[] {
  try {
    parseSettings(raw({ ...good, ...values }));
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.mistakes.map(sentenceOf);
  }
  return [];
}

const keepalived = (settings: object) => ({ keepalived: settings });
const track = (settings: object) => keepalived({ track: settings });
const script = (settings: object) => track({ scripts: [{ command: "/usr/bin/true", ...settings }] });

/** What is refused: the settings, and the names that the message must have. */
const refused: [what: string, values: Record<string, unknown>, names: string[], reason: RegExp][] = [
  ["an unknown preset", { preset: "warp" }, ["preset"], /steady .* fast .* instant/],
  [
    "preset and interval",
    { preset: "fast", advertInterval: "1" },
    ["preset", "advertInterval"],
    /remove one/,
  ],
  [
    "sub-second adverts with version 2",
    { advertInterval: "0.5", ...keepalived({ version: 2 }) },
    ["advertInterval", "keepalived.version"],
    /whole seconds/,
  ],
  [
    "the default preset with version 2",
    keepalived({ version: 2 }),
    ["preset", "keepalived.version"],
    /whole seconds/,
  ],
  [
    "the instant preset with version 2",
    { preset: "instant", ...keepalived({ version: 2 }) },
    ["preset", "keepalived.version"],
    /whole seconds/,
  ],
  ["thousandths of a second", { advertInterval: "0.125" }, ["advertInterval"], /hundredths/],
  ["adverts faster than any machine", { advertInterval: "0.04" }, ["advertInterval"], /at least 0\.05/],
  ["adverts slower than VRRPv3 can say", { advertInterval: "41" }, ["advertInterval"], /at most 40/],
  ["version 1", keepalived({ version: 1 }), ["keepalived.version"], /2 or 3/],
  [
    "a takeover after one missed advert",
    keepalived({ downTimerAdverts: 1 }),
    ["keepalived.downTimerAdverts"],
    /at least 2/,
  ],
  [
    "too little silence",
    { preset: "instant", ...keepalived({ downTimerAdverts: 2 }) },
    ["keepalived.downTimerAdverts", "preset"],
    /busy holder/,
  ],
  [
    "instant without real-time priority",
    { preset: "instant", ...keepalived({ realTimePriority: 0 }) },
    ["keepalived.realTimePriority", "preset"],
    /busy node/,
  ],
  [
    "a real-time priority that does not exist",
    keepalived({ realTimePriority: 100 }),
    ["keepalived.realTimePriority"],
    /at most 99/,
  ],
  [
    "a delay of a preemption that is off",
    keepalived({ preemptDelay: 5 }),
    ["keepalived.preemptDelay", "keepalived.preempt"],
    /does nothing/,
  ],
  [
    "a preemption delay without end",
    keepalived({ preempt: true, preemptDelay: 1001 }),
    ["keepalived.preemptDelay"],
    /at most 1000/,
  ],
  ["preemption as a word", keepalived({ preempt: "yes" }), ["keepalived.preempt"], /true or false/],
  [
    "a start-up delay beyond the deadline",
    { startDeadline: "60", ...keepalived({ startupDelay: 60 }) },
    ["keepalived.startupDelay", "startDeadline"],
    /too late/,
  ],
  [
    "a start-up delay in the past",
    keepalived({ startupDelay: -1 }),
    ["keepalived.startupDelay"],
    /at least 0/,
  ],
  ["no gratuitous ARP", keepalived({ garp: { repeat: 0 } }), ["keepalived.garp.repeat"], /at least 1/],
  [
    "repeats of a refresh that is off",
    keepalived({ garp: { refresh: 0, refreshRepeat: 2 } }),
    ["keepalived.garp.refreshRepeat", "keepalived.garp.refresh"],
    /does nothing/,
  ],
  [
    "gratuitous ARP that takes for ever",
    keepalived({ garp: { repeat: 10, interval: 0.5 } }),
    ["keepalived.garp.interval", "keepalived.garp.repeat"],
    /at most 1 s/,
  ],
  [
    "an option of gratuitous ARP that does not exist",
    keepalived({ garp: { speed: 1 } }),
    ["keepalived.garp.speed"],
    /delay, repeat, refresh/,
  ],
  ["authentication", keepalived({ auth: "secret" }), ["keepalived.auth"], /no authentication.*firewall/],
  ["state MASTER", keepalived({ state: "MASTER" }), ["keepalived.state"], /starts as BACKUP/],
  ["nopreempt", keepalived({ nopreempt: true }), ["keepalived.nopreempt"], /preempt: false/],
  ["strict mode", keepalived({ strict: true }), ["keepalived.strict"], /forbids unicast/],
  ["virtual MAC addresses", keepalived({ vmac: true }), ["keepalived.vmac"], /promiscuous/],
  ["keepalived as a list", keepalived([]), ["keepalived"], /settings by name/],
  [
    "an interface with a blank",
    track({ interfaces: ["eth 0"] }),
    ["keepalived.track.interfaces[0]"],
    /name of an interface/,
  ],
  ["an interface twice", track({ interfaces: ["eth0", "eth0"] }), ["keepalived.track.interfaces"], /twice/],
  [
    "a process with its path",
    track({ processes: ["/usr/bin/dockerd"] }),
    ["keepalived.track.processes[0]"],
    /without its path/,
  ],
  [
    "a process name that the kernel cuts",
    track({ processes: ["a-name-of-sixteen"] }),
    ["keepalived.track.processes[0]"],
    /15 characters/,
  ],
  ["a weight", track({ weight: 5 }), ["keepalived.track.weight"], /never moves the VIP/],
  [
    "a weight of a script",
    script({ weight: -5 }),
    ["keepalived.track.scripts[0].weight"],
    /never moves the VIP/,
  ],
  [
    "a script without its path",
    script({ command: "true" }),
    ["keepalived.track.scripts[0].command"],
    /absolute path/,
  ],
  [
    "a script with shell in it",
    script({ command: "/bin/sh -c $(reboot)" }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script that ends its quotes",
    script({ command: '/bin/true " }' }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script with a line break",
    script({ command: "/bin/true\n}" }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script that outlives its interval",
    script({ timeout: 5 }),
    ["keepalived.track.scripts[0].timeout"],
    /at most its `interval`/,
  ],
  [
    "parts of a second between runs of a script",
    script({ interval: 1.5 }),
    ["keepalived.track.scripts[0].interval"],
    /whole number/,
  ],
  [
    "a script on the shared data",
    script({ command: "/bin/cat /rancher_data/ok" }),
    ["keepalived.track.scripts[0].command"],
    /hang the VIP/,
  ],
  [
    "a file in the lease directory",
    track({ files: ["/rancher_lease/x"] }),
    ["keepalived.track.files[0]"],
    /hang the VIP/,
  ],
  [
    "a file of the guard's",
    track({ files: ["/run/ha-rancher/track"] }),
    ["keepalived.track.files[0]"],
    /tracked already/,
  ],
  ["a relative file", track({ files: ["ok"] }), ["keepalived.track.files[0]"], /absolute path/],
  [
    "a notify hook with arguments",
    keepalived({ notify: "/bin/hook -v" }),
    ["keepalived.notify"],
    /absolute path/,
  ],
  [
    "a notify hook on NFS",
    { dataDirectory: "/data", ...keepalived({ notify: "/data/hook" }) },
    ["keepalived.notify"],
    /hang the VIP/,
  ],
  [
    "equal priorities",
    {
      nodes: [
        { ...one, priority: 100 },
        { ...two, priority: 100 },
      ],
    },
    ["nodes[1].priority", "nodes[0]"],
    /equal priorities/,
  ],
  [
    "a priority that is another node's default",
    { nodes: [{ ...one, priority: 140 }, two] },
    ["nodes[1].priority", "nodes[0]"],
    /equal priorities/,
  ],
  [
    "the priority of the address's owner",
    { nodes: [{ ...one, priority: 255 }, two] },
    ["nodes[0].priority"],
    /at most 254/,
  ],
  ["priority 0", { nodes: [{ ...one, priority: 0 }, two] }, ["nodes[0].priority"], /at least 1/],
  ["a router id that does not exist", { virtualRouterId: "256" }, ["virtualRouterId"], /at most 255/],
  ["the VIP twice", { furtherVips: ["192.168.56.10/24"] }, ["furtherVips[0]", "vip"], /same address/],
  [
    "a further VIP twice in two forms",
    { furtherVips: ["fd00:56::10/64", "fd00:56:0::10/64"] },
    ["furtherVips[1]", "furtherVips[0]"],
    /same address/,
  ],
  [
    "a node's address as further VIP",
    { furtherVips: ["192.168.56.12/24"] },
    ["furtherVips[0]", "nodes[1]"],
    /moves between nodes/,
  ],
  [
    "a further VIP outside of the subnet",
    { furtherVips: ["10.0.0.10/24"] },
    ["furtherVips[0]", "vip", "subnet"],
    /nobody would find it/,
  ],
  [
    "a further VIP with another prefix",
    { furtherVips: ["192.168.56.20/25"] },
    ["furtherVips[0]", "vip"],
    /the prefix of/,
  ],
  ["a further VIP without prefix", { furtherVips: ["192.168.56.20"] }, ["furtherVips[0]"], /prefix/],
  ["a link-local VIP", { furtherVips: ["fe80::10/64"] }, ["furtherVips[0]"], /link-local/],
  ["a multicast VIP", { furtherVips: ["ff02::12/64"] }, ["furtherVips[0]"], /multicast/],
  ["a loopback VIP", { furtherVips: ["::1/128"] }, ["furtherVips[0]"], /loopback/],
  [
    "an IPv4 address in IPv6 form",
    { furtherVips: ["::ffff:192.168.56.20/120"] },
    ["furtherVips[0]"],
    /write it as IPv4/,
  ],
  [
    "a loopback address as the VIP",
    {
      vip: "127.0.0.10/24",
      nodes: [
        { ...one, address: "127.0.0.11" },
        { ...two, address: "127.0.0.12" },
      ],
    },
    ["vip"],
    /loopback/,
  ],
  ["further VIPs as text", { furtherVips: "192.168.56.20/24" }, ["furtherVips"], /list of addresses/],
  [
    "a node outside of the subnet that was said",
    { vip: "190.100.100.100/32", subnet: "192.168.0.0/24" },
    ["nodes[0].address", "nodes[1].address", "subnet"],
    /must be in/,
  ],
  ["a subnet for one host", { subnet: "192.168.56.0/32" }, ["subnet"], /\/8 to \/30/],
  ["a subnet that is none", { subnet: "here" }, ["subnet"], /IPv4 network/],
  [
    "an IPv6 address of one node only",
    { nodes: [{ ...one, address6: "fd00:56::11" }, two], furtherVips: ["fd00:56::10/64"] },
    ["nodes[].address6"],
    /all nodes or for none/,
  ],
  [
    "IPv6 addresses for nothing",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
    },
    ["nodes[].address6", "furtherVips"],
    /IPv6 VIPs/,
  ],
  [
    "one IPv6 address for two",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::0:11" },
      ],
      furtherVips: ["fd00:56::10/64"],
    },
    ["nodes[].address6"],
    /another one/,
  ],
  [
    "an IPv6 VIP of another network",
    {
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
      furtherVips: ["fd00:57::10/64"],
    },
    ["furtherVips[0]"],
    /IPv6 network/,
  ],
  [
    "IPv6 with version 2",
    {
      preset: "steady",
      ...keepalived({ version: 2 }),
      nodes: [
        { ...one, address6: "fd00:56::11" },
        { ...two, address6: "fd00:56::12" },
      ],
      furtherVips: ["fd00:56::10/64"],
    },
    ["nodes[].address6", "keepalived.version"],
    /no IPv6/,
  ],
  [
    "an IPv4 address as address6",
    { nodes: [{ ...one, address6: "192.168.56.11" }, two] },
    ["nodes[0].address6"],
    /IPv6 address/,
  ],
];

for (const [what, values, names, reason] of refused) {
  test(`refused: ${what}`, () => {
    const mistakes = mistakesOf(values);
    assert.ok(mistakes.length > 0, "accepted");
    const all = mistakes.join("\n");
    for (const name of names) assert.ok(all.includes(`\`${name}\``), `${name} is not named in: ${all}`);
    assert.match(all, reason);
  });
}

test("one mistake is told once, and many all at once", () => {
  for (const [what, values] of refused)
    assert.ok(mistakesOf(values).length <= 2, `${what}: ${mistakesOf(values).join("\n")}`);
  const mistakes = mistakesOf({
    furtherVips: ["10.0.0.1/24"],
    ...keepalived({ version: 2, preemptDelay: 3, track: { files: ["/run/ha-rancher/track"] } }),
  });
  assert.equal(mistakes.length, 4, mistakes.join("\n"));
});

test("the VIP may be outside of the nodes' network if that is said", () => {
  const values = {
    vip: "190.100.100.100/32",
    subnet: "192.168.0.0/24",
    nodes: [
      { name: "a", address: "192.168.0.100" },
      { name: "b", address: "192.168.0.110" },
    ],
  };
  const settings = parseSettings(raw(values));
  assert.deepEqual(settings.vip, { address: "190.100.100.100", prefix: 32 });
  assert.deepEqual(settings.subnet, { address: "192.168.0.0", prefix: 24 });
});

test("presets are adverts; without one, and without an interval, it is fast", () => {
  const interval = (values: Record<string, unknown>) =>
    parseSettings(raw({ ...good, ...values })).advertInterval;
  assert.equal(interval({}), 0.2);
  assert.equal(interval({ preset: "steady" }), 1);
  assert.equal(interval({ preset: "instant" }), 0.05);
  assert.equal(interval({ advertInterval: "3" }), 3);
});

test("a VIP is an address and a prefix, and nothing else", () => {
  assert.deepEqual(parseVip("fd00::0010/64"), { address: "fd00::10", prefix: 64 });
  for (const text of [
    "",
    "/",
    "1.2.3/24",
    "1.2.3.4/33",
    "fd00::1/129",
    "1.2.3.4/ 8",
    "fe80::1%eth0/64",
    "1.2.3.4/24/1",
  ])
    assert.equal(parseVip(text), undefined, text);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const vip = parseVip(text);
      assert.ok(vip === undefined || /^[0-9a-f.:]+$/.test(vip.address));
    }),
  );
});
