import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { register } from "./changes";
import type { Registered } from "./mocks";

/* `workload: address`: what a stack's settings make of it. */

const web = {
  workload: "address",
  address: {
    vips: [
      {
        name: "web",
        checks: [{ http: { port: 80, path: "/well" } }, { process: "nginx", weight: 20 }],
        preempt: true,
      },
      {
        name: "vpn",
        vip: "192.168.56.20/24",
        preferred: "two",
        units: ["openvpn.service"],
        checks: [
          { unit: "openvpn.service" },
          { command: ["/usr/bin/true"], every: 3, timeout: 1.5, fall: 1 },
        ],
      },
    ],
  },
  guard: { holdOff: 30 },
};

const find = (all: Registered[], type: string, name: RegExp): Registered =>
  all.find((each) => each.type.endsWith(type) && name.test(each.name)) ??
  assert.fail(`no ${type} ${name} among ${all.map((each) => each.name).join(", ")}`);

type Told = { vips: Record<string, unknown>[] } & Record<string, unknown>;

const toldOf = (all: Registered[], node: string): Told => {
  const { files } = find(all, "remote:Files", new RegExp(`-${node}-agent-files$`)).inputs;
  return JSON.parse(
    (files as Record<string, { content: string }>)["/etc/ha-rancher/agent.json"]?.content ?? "",
  );
};

describe("floating IPs alone", () => {
  test("bring no Docker, no NFS, no lease: nothing of it is made or installed", async () => {
    const all = await register(web);
    for (const { type, name } of all)
      assert.doesNotMatch(`${type} ${name}`, /docker|nfs|lease|Service\b|Release|data/i);
    const { create } = find(all, "remote:Command", /-one-prepared$/).inputs;
    assert.match(String(create), /host\/prepare make - -$/);
    const { files } = find(all, "remote:Files", /-one-agent-files$/).inputs as {
      files: Record<string, object>;
    };
    assert.deepEqual(Object.keys(files).sort(), [
      "/etc/ha-rancher/agent.json",
      "/etc/ha-rancher/observer.json",
      "/etc/systemd/system/ha-rancher-agent.service",
      "/etc/systemd/system/ha-rancher-observer.service",
    ]);
  });

  test("tell each agent what is asked there, and where it is the preferred node", async () => {
    const all = await register(web);
    const told = toldOf(all, "one");
    assert.deepEqual(told, {
      ...{ workload: "address", node: "one", peers: ["two"], address: "192.168.56.11" },
      vips: [
        {
          ...{ name: "web", address: "192.168.56.10", preferred: true },
          checks: [
            { url: "http://127.0.0.1:80/well", rise: 2, fall: 2, every: 500, timeout: 2000 },
            { process: "nginx", weight: 20, rise: 2, fall: 2, every: 500, timeout: 2000 },
          ],
        },
        {
          ...{ name: "vpn", address: "192.168.56.20", preferred: false },
          checks: [
            { unit: "openvpn.service", rise: 2, fall: 2, every: 500, timeout: 2000, onHolder: true },
            { command: ["/usr/bin/true"], rise: 2, fall: 1, every: 3000, timeout: 1500 },
          ],
          units: ["openvpn.service"],
        },
      ],
      timers: { holdOff: 30_000, startLimit: 60_000 },
    });
    assert.deepEqual(
      toldOf(all, "two").vips.map(({ preferred }) => preferred),
      [false, true],
    );
  });

  test("have one keepalived a node, with an instance for each VIP, and all of them as claims", async () => {
    const all = await register(web);
    assert.deepEqual(find(all, "vip:Keepalived", /-one-keepalived$/).inputs.vips, [
      "192.168.56.10/24",
      "192.168.56.20/24",
    ]);
    const { contents, vip, others } = find(all, "vip:Configuration", /keepalived-conf$/).inputs;
    assert.deepEqual([vip, others], ["192.168.56.10", ["192.168.56.20"]]);
    assert.match(
      contents.one,
      /vrrp_instance ha_rancher \{[^}]*priority 150[\s\S]*vrrp_instance vip_vpn \{[^}]*priority 140/,
    );
    assert.match(contents.one, /track_file weight_web \{[\s\S]*?weight -1/);
    assert.equal(find(all, "agent:Rollout", /agents-rollout$/).inputs.workload, "address");
  });

  test("without a word about them are the VIP alone, without a check", async () => {
    const all = await register({ workload: "address" });
    assert.deepEqual(toldOf(all, "one").vips, [
      { name: "main", address: "192.168.56.10", preferred: true, checks: [] },
    ]);
    assert.equal(find(all, "vip:Configuration", /keepalived-conf$/).inputs.others, undefined);
  });

  test("say about themselves what policies judge, all VIPs among it", async () => {
    const all = await register({ ...web, environment: "prod" });
    const { furtherVips, environment } = find(all, "components:HaAddress", /^ha-rancher$/).inputs;
    assert.deepEqual([furtherVips, environment], [[{ address: "192.168.56.20", prefix: 24 }], "prod"]);
  });
});
