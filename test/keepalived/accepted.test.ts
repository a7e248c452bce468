import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { keepalivedConf } from "../../domain/keepalived-conf";
import { featuresOf, minimumVersion } from "../../domain/keepalived-version";
import { completeSpec, type VrrpSpec } from "../../domain/vrrp";
import { Rig, type RigNode } from "../../drill/rig/rig";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";
import { floatingIpOf } from "../../workloads/address/floating-ip";
import { addressVips } from "../../workloads/address/from-settings";

/** Settings that are accepted, one of each kind. */
const accepted: Record<string, Record<string, unknown>> = {
  defaults: {},
  steady: { preset: "steady" },
  fast: { preset: "fast" },
  instant: { preset: "instant" },
  "the shortest interval": { advertInterval: "0.05" },
  "hundredths of a second": { advertInterval: "0.37" },
  "the longest interval": { advertInterval: "40" },
  "the first router id": { virtualRouterId: "1" },
  "the last router id": { virtualRouterId: "255" },
  "a second VIP": { furtherVips: ["192.168.56.20/24"] },
  "a VIP for one host": { furtherVips: ["192.168.56.20/32"] },
  "an IPv6 VIP": { furtherVips: ["fd00:56::10/64"] },
  "an IPv6 VIP for one host": { furtherVips: ["fd00:56::10/128"] },
  "VIPs of both kinds": { furtherVips: ["192.168.56.20/24", "fd00:56::10/64", "fd00:56::20/64"] },
  "fifty VIPs": { furtherVips: Array.from({ length: 50 }, (_, i) => `192.168.56.${i + 100}/24`) },
  "a VIP outside of the subnet": { vip: "190.100.100.100/32", subnet: "192.168.56.0/24" },
  "version 2": { preset: "steady", keepalived: { version: 2 } },
  "version 2, slow": { advertInterval: "5", keepalived: { version: 2, downTimerAdverts: 4 } },
  "version 2, preempting": { preset: "steady", keepalived: { version: 2, preempt: true } },
  "version 2, multicast": { preset: "steady", keepalived: { version: 2, multicast: true } },
  preempting: { keepalived: { preempt: true } },
  "preempting after a while": { keepalived: { preempt: true, preemptDelay: 30 } },
  "preempting after parts of a second": { keepalived: { preempt: true, preemptDelay: 0.5 } },
  multicast: { keepalived: { multicast: true } },
  "multicast, instant": { preset: "instant", keepalived: { multicast: true } },
  "more missed adverts": { keepalived: { downTimerAdverts: 5 } },
  "fewer missed adverts": { keepalived: { downTimerAdverts: 2 } },
  "the most missed adverts": { keepalived: { downTimerAdverts: 100 } },
  "no start-up delay": { keepalived: { startupDelay: 0 } },
  "a long start-up delay": { keepalived: { startupDelay: 30 } },
  "parts of a second of start-up delay": { keepalived: { startupDelay: 2.5 } },
  "ordinary scheduling": { keepalived: { realTimePriority: 0 } },
  "the highest real-time priority": { keepalived: { realTimePriority: 99 } },
  "gratuitous ARP once": {
    keepalived: { garp: { delay: 0, repeat: 1, refresh: 0, lowerPriorityRepeat: 0 } },
  },
  "much gratuitous ARP": { keepalived: { garp: { delay: 5, repeat: 10, refresh: 60, refreshRepeat: 3 } } },
  "slow gratuitous ARP": { keepalived: { garp: { interval: 0.01 } } },
  "a tracked interface": { keepalived: { track: { interfaces: ["eth0"] } } },
  "a tracked process": { keepalived: { track: { processes: ["dockerd"] } } },
  "two tracked processes": { keepalived: { track: { processes: ["dockerd", "sshd"] } } },
  "a tracked script": { keepalived: { track: { scripts: [{ command: "/usr/bin/true" }] } } },
  "a tracked script with arguments": {
    keepalived: {
      track: {
        scripts: [
          { command: "/usr/bin/test -e /run/ok", interval: 5, timeout: 2, fall: 1, rise: 1 },
          { command: "/usr/bin/env A=1,2 /usr/bin/true +%x @y" },
        ],
      },
    },
  },
  "a tracked file": { keepalived: { track: { files: ["/run/ok"] } } },
  "all that can be tracked": {
    furtherVips: ["fd00:56::10/64"],
    keepalived: {
      track: {
        ...{ interfaces: ["eth0"], processes: ["dockerd"] },
        ...{ scripts: [{ command: "/usr/bin/true" }], files: ["/run/ok"] },
      },
    },
  },
  "VIPs that move each by itself": {
    workload: "address",
    address: {
      vips: [
        { name: "web", checks: [{ tcp: 80 }] },
        { name: "api-2", vip: "192.168.56.20/24", preferred: "b", preempt: true, preemptDelay: 3 },
        { name: "mail", vip: "192.168.56.30/24", preempt: true, checks: [{ tcp: 25, weight: 20 }] },
      ],
    },
  },
  "VIPs that move each by itself, one with IPv6": {
    workload: "address",
    furtherVips: ["192.168.56.60/24", "fd00:56::10/64"],
    address: { vips: [{ name: "web" }, { name: "api", vip: "192.168.56.20/24", virtualRouterId: 77 }] },
  },
  "a notify hook": { keepalived: { notify: "/usr/bin/true" } },
  "many things at once": {
    preset: "instant",
    furtherVips: ["192.168.56.20/24", "fd00:56::10/64"],
    keepalived: {
      ...{ preempt: true, preemptDelay: 10, downTimerAdverts: 4, startupDelay: 1, realTimePriority: 10 },
      ...{ garp: { delay: 2, repeat: 5, refresh: 30, interval: 0.001 }, notify: "/usr/bin/true" },
      track: { interfaces: ["eth0"], files: ["/run/ok"] },
    },
  },
};

/** With and without IPv6 addresses of the nodes, which change the file where there are IPv6 VIPs. */
function cases(): { what: string; spec: VrrpSpec; six: boolean }[] {
  return Object.entries(accepted).flatMap(([what, values]) => {
    const named = { vip: "192.168.56.10/24", ...values };
    const wantsSix = JSON.stringify(values).includes("fd00:");
    return [false, ...(wantsSix ? [true] : [])].map((six) => {
      const nodes = ["a", "b"].map((name, i) => ({
        ...{ name, address: `192.168.56.1${i + 1}` },
        ...(six ? { address6: `fd00:56::1${i + 1}` } : {}),
      }));
      const raw = Object.entries({ ...named, nodes }).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      const settings = parseSettings(Object.fromEntries(raw));
      const spec =
        settings.workload === "address"
          ? completeSpec(floatingIpOf({ vips: addressVips(settings) }))
          : vrrpSpec(settings);
      return { what: six ? `${what}, in an IPv6 instance` : what, spec, six };
    });
  });
}

describe("keepalived itself accepts the file of", () => {
  let rig: Rig;
  let node: RigNode;
  before(async () => {
    rig = await Rig.make();
    node = rig.node("a");
    // The test of keepalived reads what the file names.
    node.track("yield", 0);
    writeFileSync(join(node.folder, "run", "ok"), "0\n");
  });
  after(() => rig?.end());

  const test = (content: string): { status: number | null; said: string } => {
    node.configure(content);
    const { status, stdout, stderr } = spawnSync(
      ...node.inside("keepalived", "--config-test", "--log-console", "--no-syslog"),
      { encoding: "utf8" },
    );
    return { status, said: `${stdout}${stderr}` };
  };

  it("at least 40 combinations", () => assert.ok(cases().length >= 40, `only ${cases().length}`));

  for (const { what, spec, six } of cases())
    for (const version of ["2.2.7", minimumVersion]) {
      // The file for an older version is one that a newer one understands, too.
      if (spec.downTimerAdverts !== 3 && !featuresOf(version).downTimerAdverts) continue;
      it(`${what}, for ${version}`, () => {
        const [mine, other] = rig.nodes.map(({ vrrp }) => (six ? vrrp : { ...vrrp, address6: undefined }));
        assert.ok(mine && other);
        const content = keepalivedConf({ spec, node: mine, interface: "eth1", peers: [other], version });
        const { status, said } = test(content);
        assert.equal(status, 0, said);
        // What it only warns of, it does not do.
        assert.doesNotMatch(said, /\(Line \d+\)|WARNING|[Uu]nknown|invalid|ignor/, said);
      });
    }

  it("and not one that is wrong: the test can fail", () => {
    const good = rig.conf(node, cases()[0]?.spec as VrrpSpec);
    for (const wrong of [
      good.replace("priority 150", "priority 300"),
      good.replace("interface eth1", "interface eth9"),
      good.replace("nopreempt", "nonsense"),
    ]) {
      const { status, said } = test(wrong);
      assert.ok(status !== 0 || /\(Line \d+\)|WARNING|[Uu]nknown/.test(said), said);
    }
  });
});
