import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fenceFiles } from "../../components/fence-files";
import { sentenceOf } from "../../domain/mistake";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings, SettingsError } from "../../settings";
import type { Fencing } from "../../settings/fencing";

const good = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "rancher-1", address: "192.168.56.11" },
    { name: "rancher-2", address: "192.168.56.12" },
  ]),
};

function mistakesOf(raw: Record<string, string>): string[] {
  try {
    parseSettings({ ...good, ...raw });
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.mistakes.map(sentenceOf);
  }
  return [];
}

const guardOf = (guard: object): string[] => mistakesOf({ guard: JSON.stringify(guard) });

test("the agents' timers have defaults in the order that the argument needs", () => {
  const { guard } = parseSettings(good);
  const order = [guard.heartbeat, guard.giveUp, guard.watchdog, guard.leaseTime, guard.graceTime];
  assert.deepEqual(order, [1, 6, 10, 15, 20]);
  const { vipLoss, followLease, failures, wellTime } = guard;
  assert.deepEqual(
    { vipLoss, followLease, failures, wellTime },
    {
      ...{ vipLoss: 15, followLease: 1.5, failures: 3, wellTime: 60 },
    },
  );
  assert.deepEqual(guard.health, {
    ...{ every: 1, timeout: 5, refused: 4, slow: 60, deepEvery: 15, deepTimeout: 5 },
  });
});

test("a former name is refused, and the new one is the way out", () => {
  for (const [guard, mistake] of [
    [{ giveBack: 8 }, /^`guard\.giveBack` is not a setting: use `guard\.followLease` \(1\.5 s\)/],
    [{ restarts: 3 }, /^`guard\.restarts` is not a setting: use `guard\.failures` \(3\)/],
    [
      { health: { failures: 2 } },
      /^`guard\.health\.failures` is not a setting: use `guard\.health\.refused` \(4 s\) and `guard\.health\.slow` \(60 s\)/,
    ],
  ] as const) {
    const [found, ...others] = guardOf(guard);
    assert.match(found ?? "", mistake);
    assert.deepEqual(others, []);
  }
  assert.deepEqual(guardOf({ failures: 2, followLease: 2 }), []);
});

test("a time without the VIP that was right where its loss always stopped the service is refused", () => {
  const [found, ...others] = guardOf({ vipLoss: 2 });
  assert.match(
    found ?? "",
    /^`guard\.vipLoss` \(2 s\) must be at least `guard\.followLease` \(1\.5 s\) and three times `guard\.heartbeat` \(1 s\): .*come back/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(guardOf({ vipLoss: 4.5 }), []);
});

test("timers in the wrong order are refused, each with both names", () => {
  for (const [guard, mistake] of [
    [
      { heartbeat: 2.5, watchdog: 12, followLease: 3 },
      /^`guard.giveUp` \(6 s\) must be at least three times `guard.heartbeat` \(2.5 s\)/,
    ],
    [{ giveUp: 9 }, /^`guard.watchdog` \(10 s\) must be at least `guard.giveUp` \(9 s\)/],
    [{ watchdog: 15 }, /^`guard.leaseTime` \(15 s\) must be more than `guard.watchdog` \(15 s\)/],
    [{ graceTime: 14 }, /^`guard.graceTime` \(14 s\) must be at least `guard.leaseTime` \(15 s\)/],
    [{ followLease: 1 }, /^`guard.followLease` \(1 s\) must be more than `guard.heartbeat` \(1 s\)/],
    [{ watchdog: 9.5 }, /^`guard.watchdog` must be a whole number/],
    [{ heartbeat: 0 }, /^`guard.heartbeat` must be at least 0.25 s/],
    [{ hartbeat: 1 }, /^`guard.hartbeat` is not a setting; the settings are heartbeat, giveUp/],
    [{ health: { every: "1" } }, /^`guard.health.every` must be a number of s/],
    [{ health: { path: "/" } }, /^`guard.health.path` is not a setting; the settings are every/],
  ] as const) {
    const mistakes = guardOf(guard);
    assert.equal(mistakes.length, 1, mistakes.join("\n"));
    assert.match(mistakes[0] ?? "", mistake);
  }
  assert.match(mistakesOf({ guard: "[]" }).join(), /^`guard` must be settings by name/);
  assert.equal(guardOf({ heartbeat: 6, watchdog: 30 }).length, 4, "all of them at once");
});

test("any timers that are accepted are in order", () => {
  const time = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(
      fc.record({ heartbeat: time, giveUp: time, watchdog: time, leaseTime: time, graceTime: time }),
      (guard) => {
        const { heartbeat, giveUp, watchdog, leaseTime, graceTime } = guard;
        if (guardOf({ ...guard, followLease: 200 }).length === 0)
          assert.ok(
            heartbeat < giveUp && giveUp < watchdog && watchdog < leaseTime && leaseTime <= graceTime,
          );
      },
    ),
    { numRuns: 200 },
  );
});

const key = newKeyPair("test").privateKey;
const agent = {
  agent: "fence_virsh",
  options: { ip: "192.168.56.1", username: "fence", power_wait: 2 },
  nodes: { "rancher-1": { plug: "one" }, "rancher-2": { plug: "two" } },
  sshKey: key,
  hostKey: "ssh-ed25519 AAAA",
};
const fencingOf = (fencing: object): string[] => mistakesOf({ fencing: JSON.stringify(fencing) });

test("nodes fence themselves unless an agent is named", () => {
  assert.equal(parseSettings(good).fencing.agent, "self");
  assert.equal(parseSettings({ ...good, fencing: '{"agent":"self"}' }).fencing.agent, "self");
  const { fencing } = parseSettings({ ...good, fencing: JSON.stringify(agent) });
  assert.equal(fencing.timeout, 60);
  assert.equal(fencing.options.power_wait, "2");
});

test("a watchdog device is used where there is one, unless something else is said", () => {
  const modeOf = (fencing: object): string =>
    parseSettings({ ...good, fencing: JSON.stringify(fencing) }).fencing.watchdog;
  assert.deepEqual([modeOf({}), modeOf({ watchdog: "required" })], ["automatic", "required"]);
  // It stands on its own: with a fence agent or without.
  assert.equal(modeOf({ ...agent, watchdog: "off" }), "off");
  assert.match(
    fencingOf({ watchdog: "on" }).join(),
    /^`fencing\.watchdog` must be one of required, automatic, off/,
  );
});

test("a fence agent's mistakes are named, without its secrets", () => {
  const { sshKey: _, ...withoutKey } = agent;
  const { hostKey: __, ...withoutHost } = agent;
  for (const [fencing, mistake] of [
    [
      { ...agent, agent: "reboot; x" },
      /^`fencing.agent` must be self, storage, or the name of a fence agent/,
    ],
    [{ ...agent, nodes: { "rancher-1": { plug: "one" } } }, /^`fencing.nodes.rancher-2` is missing/],
    [{ ...agent, nodes: { ...agent.nodes, other: { plug: "x" } } }, /^`fencing.nodes.other` is no node/],
    [{ ...agent, nodes: { ...agent.nodes, "rancher-1": {} } }, /^`fencing.nodes.rancher-1` is missing/],
    [
      { ...agent, options: { ...agent.options, action: "on" } },
      /^`fencing.options.action` must not be given/,
    ],
    [
      { ...agent, options: { ...agent.options, password: "hunter2\nx" } },
      /^`fencing.options.password` must be one line/,
    ],
    [
      { ...agent, options: { ...agent.options, password: '"hunter2"' } },
      /^`fencing.options.password` must not be in double/,
    ],
    [{ ...agent, options: { username: "x" } }, /^`fencing.options.ip` is missing/],
    [{ ...agent, options: { ip: "x\ty" } }, /^`fencing.options.ip` must be one line/],
    [{ ...agent, options: { ip: "x y" } }, /^`fencing.options.ip` must be an address/],
    [withoutKey, /^`fencing.sshKey` is missing/],
    [withoutHost, /^`fencing.hostKey` is missing/],
    [{ ...agent, sshKey: "hunter2" }, /^`fencing.sshKey` must be the text of a private key/],
    [{ ...agent, plug: "x" }, /^`fencing.plug` is not a setting; the settings are agent/],
  ] as const) {
    const mistakes = fencingOf(fencing);
    assert.equal(mistakes.length, 1, `${JSON.stringify(fencing)}\n${mistakes.join("\n")}`);
    assert.match(mistakes[0] ?? "", mistake);
    assert.doesNotMatch(mistakes.join(), /hunter2/);
  }
  assert.match(
    fencingOf({ options: { ip: "x" } }).join(),
    /^`fencing.options` says nothing without `fencing.agent`/,
  );
  assert.match(mistakesOf({ fencing: "agent" }).join(), /^`fencing` must be settings by name/);
});

test("an agent's files: options as it reads them, secrets last, keys for root alone", () => {
  const fencing = parseSettings({
    ...good,
    fencing: JSON.stringify({ ...agent, options: { ...agent.options, password: "p=w #1", ipport: 2222 } }),
  }).fencing as Fencing;
  const files = fenceFiles(fencing, ["rancher-2"]);
  assert.deepEqual(files["/etc/ha-rancher/fence/rancher-2"], {
    content: [
      "# Made by ha-rancher: how fence_virsh is told of rancher-2.",
      "ip=192.168.56.1",
      "username=fence",
      "power_wait=2",
      "ipport=2222",
      "identity_file=/etc/ha-rancher/fence/ssh.key",
      "plug=two",
      "# secret",
      "password=p=w #1",
      "",
    ].join("\n"),
    mode: "0600",
  });
  assert.deepEqual(files["/etc/ha-rancher/fence/ssh.key"], { content: key, mode: "0600" });
  assert.equal(
    files["/etc/ha-rancher/fence/ssh.known_hosts"]?.content,
    "[192.168.56.1]:2222 ssh-ed25519 AAAA\n",
  );
  assert.ok(!("/etc/ha-rancher/fence/rancher-1" in files));
});

test("whatever an option is, the agent reads it as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), (password) => {
      const text = { ...agent, options: { ...agent.options, password } };
      if (fencingOf(text).length > 0) return;
      const content = fenceFiles({ ...text, options: text.options } as unknown as Fencing, ["rancher-1"])[
        "/etc/ha-rancher/fence/rancher-1"
      ]?.content;
      // As fencing.py of fence-agents does: lines, stripped, up to the first `=`.
      const read = content?.split("\n").map((line) => line.trim()) ?? [];
      const line = read.find((each) => each.startsWith("password="));
      assert.equal(line?.slice("password=".length), password);
    }),
  );
});

test("the NFS server can fence where it is a machine of the stack, with version 4.2", () => {
  const fencing = JSON.stringify({ agent: "storage" });
  const onMachine = { storage: "machine", nfsAddress: "192.168.56.5" };
  assert.equal(parseSettings({ ...good, ...onMachine, fencing }).fencing.agent, "storage");
  for (const wrong of [{}, { ...onMachine, nfsVersion: "3" }])
    assert.match(
      mistakesOf({ fencing: '{"agent":"storage"}', ...wrong }).join(),
      /`fencing.agent` cannot be storage/,
    );
  assert.match(fencingOf({ agent: "storage", options: { a: "b" } }).join(), /says nothing without/);
});
