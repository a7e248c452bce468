import assert from "node:assert/strict";
import { test } from "node:test";
import { settingNames } from "../../settings";
import { backupShape } from "../../settings/backup";
import { imageShape } from "../../settings/image";
import { workloadShape } from "../../settings/workload";
import { addressShape } from "../../workloads/address/settings";
import { containerShape } from "../../workloads/container/settings";
import { rancherShape } from "../../workloads/rancher/settings";
import { agents, changes, container, given, register, unknownInPreview } from "./changes";

/* What a change of one setting changes, for all of them but Rancher's (rancher.test.ts). */

type Settings = Record<string, unknown>;

const configuration = "~ Configuration keepalived-conf: contents";
const withFacts = "~ Configuration keepalived-conf: contents, facts";
const about = (name: string): string => `~ HaRancher ha-rancher: ${name}`;
const nodes = JSON.parse(given.nodes ?? "") as object[];
const onMachine = { storage: "machine", nfsAddress: "192.168.56.5" };
const agent = {
  agent: "fence_virsh",
  options: { ip: "192.168.56.1", username: "fence", password: "secret" },
  nodes: { one: { plug: "one" }, two: { plug: "two" } },
};

/** With what a preview cannot know of it; none: it shows the change alone. */
const table: [setting: Settings, from: Settings, wanted: string[], unknown?: string[]][] = [
  [
    { vip: "192.168.56.20/24" },
    {},
    [
      ...container("envs", "container, url"),
      ...agents,
      "~ Configuration keepalived-conf: contents, facts, vip",
      about("vip, virtualRouterId"),
      "~ Keepalived *-keepalived: vips",
      "~ Members members: vip",
    ],
  ],
  [{ preset: "steady" }, {}, [withFacts, about("advertInterval")]],
  [{ advertInterval: "0.5" }, {}, [configuration, about("advertInterval")]],
  [{ virtualRouterId: "77" }, {}, [configuration, about("virtualRouterId")]],
  [
    { furtherVips: ["192.168.56.30/24"] },
    {},
    [withFacts, about("furtherVips"), "~ Keepalived *-keepalived: vips"],
  ],
  [{ keepalived: { garp: { repeat: 4 } } }, {}, [configuration]],
  // It is what the VIP says.
  [{ subnet: "192.168.56.0/24" }, {}, []],
  [
    { nodes: [{ ...nodes[0], priority: 10 }, nodes[1]] },
    {},
    ["~ Configuration keepalived-conf: contents, order", about("nodes"), "~ Members members: order"],
  ],
  [{ cpus: "3" }, {}, ["~ Machine *: cpus"]],
  [{ memory: "2048" }, {}, ["~ Machine *: memory"]],
  [
    { dhcpNetwork: "true" },
    {},
    ["~ Machine *: networks"],
    ["Machine *: address, forwardedPorts, interface, machineId, ssh, state"],
  ],
  [
    { dataDirectory: "/srv/rancher" },
    {},
    [
      ...container("mounts"),
      ...agents,
      "~ Command *-prepared: create, delete, update",
      "~ Files *-mounts: files",
      "~ Kept *-prepared-kept: look, mend",
      about("dataDirectory"),
    ],
  ],
  [
    { nfsVersion: "3" },
    onMachine,
    [
      ...agents,
      "~ Command *-lease-mounted: create, update",
      "~ Files *-mounts: files",
      "~ Kept *-lease-mounted-kept: look, mend",
    ],
  ],
  [{ keepData: "true" }, {}, ["~ Export export: removeData"]],
  [{ sharedDirectory: "/srv/shared" }, {}, ["~ Export export: directory"], ["Export export: exportId, path"]],
  [
    { nfsAddress: "192.168.56.9" },
    {},
    [
      "~ Command *-lease-mounted: create, update",
      "~ Files *-mounts: files",
      "~ Kept *-lease-mounted-kept: look, mend",
    ],
  ],
  [
    onMachine,
    {},
    [
      ...["ready", "serving"].map((name) => `+ Command storage-${name}`),
      ...["exports", "nfs-conf"].map((name) => `+ Files storage-${name}`),
      ...["ready", "serving"].map((name) => `+ Kept storage-${name}-kept`),
      "+ Machine storage",
      "+ NodeSet storage-programs",
      "+ StorageMachine machine",
      "- Export export",
      "~ Command *-lease-mounted: create, update",
      "~ Files *-mounts: files",
      "~ Kept *-lease-mounted-kept: look, mend",
    ],
  ],
  [
    { sharedSize: 9 },
    onMachine,
    ["~ Command storage-ready: create, update", "~ Kept storage-ready-kept: mend"],
  ],
  [{ environment: "prod" }, {}, [about("environment")]],
  [{ guard: { hold: 20 } }, {}, agents],
  [{ fencing: { watchdog: "required" } }, {}, agents],
  [{ notify: { command: ["/usr/local/bin/told"] } }, {}, ["+ Files *-notify-files"]],
  [
    { fencing: agent },
    {},
    [
      ...agents,
      "+ Files *-fence-files",
      "~ Command *-prepared: create, update",
      "~ Kept *-prepared-kept: look, mend",
    ],
  ],
];

for (const [setting, from, wanted, unknown = []] of table)
  test(`${Object.keys(setting).join()} changes this and nothing else, and a preview shows it`, async () => {
    const [before, after] = [await register(from), await register({ ...from, ...setting })];
    assert.deepEqual(changes(before, after), [...wanted].sort());
    assert.deepEqual(await unknownInPreview(before, after), unknown);
  });

test("every setting has its row", () => {
  const elsewhere = [
    ...Object.keys({ ...rancherShape, ...imageShape, ...backupShape }),
    // What another workload is made of: container.test.ts, address.test.ts. Of a stack that is up it cannot be changed.
    ...Object.keys({ ...containerShape, ...addressShape, ...workloadShape }),
    // Of machines outside of the lab: test/unit/vagrant-verbs.test.ts.
    ...["hypervisor", "box", "boxVersion", "boxUrl", "boxChecksum", "bridge"],
  ];
  const named = new Set([...table.flatMap(([setting]) => Object.keys(setting)), ...elsewhere]);
  assert.deepEqual(
    settingNames.filter((name) => !named.has(name)),
    [],
  );
});
