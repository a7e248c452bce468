import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import type { MachineTemplate } from "../../components";
import { withPriorities } from "../../domain/vrrp";
import { packageRoot } from "../../local/root";
import { parseSettings, type Settings, SettingsError } from "../../settings";
import { baseArgs } from "../../workloads/from-settings/base";
import { choosePlace } from "../../workloads/from-settings/place";
import { enterMockLab, lab, mockPulumi, type Registered, resolved, stackName } from "./mocks";

const given = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "rancher-1", address: "192.168.56.11" },
    { name: "rancher-2", address: "192.168.56.12" },
  ]),
};

let registered: Registered[];
let components: typeof import("../../components");

before(async () => {
  registered = await mockPulumi();
  enterMockLab();
  components = await import("../../components/index.js");
});

/** What a stack with these settings registers for its storage, by name. */
async function storageOf(more: Record<string, string>): Promise<Map<string, Registered>> {
  const settings: Settings = parseSettings({ ...given, ...more });
  const place = choosePlace(settings, lab, "test");
  const { nodes: wanted, machines, storage: source, ...base } = baseArgs(settings, place, stackName);
  const from = registered.length;
  const { nodes } = new components.Machines("machines", {
    nodes: withPriorities(wanted),
    template: machines as MachineTemplate,
  });
  const storage = new components.SharedStorage("storage", {
    ...{ nodes, source },
    dataDirectory: base.dataDirectory ?? "",
    nfsVersion: settings.nfsVersion,
    id: base.id,
    sentinel: "it's the data",
    times: settings.guard,
    after: () => [],
  });
  for (const node of nodes)
    for (const resource of storage.mounted(node))
      await resolved((resource as unknown as { urn: pulumi.Output<string> }).urn);
  return new Map(registered.slice(from).map((each) => [each.name, each]));
}

const mountsOf = (found: Map<string, Registered>, node: string): string =>
  Object.values(
    (found.get(`storage-${node}-mounts`)?.inputs.files ?? {}) as Record<string, { content: string }>,
  )
    .map(({ content }) => content)
    .join("\n");

describe("storage on a machine of the stack", () => {
  let found: Map<string, Registered>;
  before(async () => {
    found = await storageOf({ storage: "machine", nfsAddress: "192.168.56.5" });
  });

  it("is one more machine, and no export of this one", () => {
    assert.equal(found.get("storage-machine-storage")?.type, "pulumi-nodejs:dynamic/vagrant:Machine");
    assert.equal(found.get("storage-machine-storage")?.inputs.networks[0].address, "192.168.56.5/24");
    assert.ok(![...found.values()].some(({ type }) => type.endsWith("nfs:Export")));
  });

  it("exports to the nodes alone, synced, with the lease and grace that the owners count on", () => {
    const exported = found.get("storage-machine-storage-exports")?.inputs;
    assert.equal(exported?.afterWrite, "exportfs -ra");
    const lines = String(exported?.files["/etc/exports.d/ha-rancher.exports"].content)
      .split("\n")
      .filter((line) => line.startsWith("/"));
    assert.deepEqual(
      lines.map((line) => line.replace(/fsid=[0-9a-f-]{36}/, "fsid=ID")),
      ["192.168.56.11", "192.168.56.12"].map(
        (node) => `/srv/ha-rancher ${node}(rw,sync,no_subtree_check,no_root_squash,fsid=ID,sec=sys)`,
      ),
    );
    const conf = String(
      found.get("storage-machine-storage-nfs-conf")?.inputs.files["/etc/nfs.conf.d/ha-rancher.conf"].content,
    );
    const [lease, grace] = [...conf.matchAll(/-time=(\d+)/g)].map(([, seconds]) => Number(seconds));
    assert.ok(lease && grace && lease > 10 && grace >= lease, conf);
  });

  it("is made ready with its words quoted, and mounted from there", () => {
    assert.match(
      String(found.get("storage-machine-storage-ready")?.inputs.create),
      /\/current\/storage\/serve \/srv\/ha-rancher 'it'\\''s the data' 5$/,
    );
    assert.match(mountsOf(found, "rancher-1"), /^What=192\.168\.56\.5:\/srv\/ha-rancher\/lease$/m);
    assert.match(mountsOf(found, "rancher-2"), /^What=192\.168\.56\.5:\/srv\/ha-rancher\/data$/m);
  });
});

describe("a storage machine that fences", () => {
  let found: Map<string, Registered>;
  before(async () => {
    const fencing = JSON.stringify({ agent: "storage" });
    found = await storageOf({ storage: "machine", nfsAddress: "192.168.56.5", fencing });
  });

  it("leaves the exports to the helper, which takes what it is told", () => {
    const files = found.get("storage-machine-storage-exports")?.inputs.files as Record<
      string,
      { content: string }
    >;
    assert.deepEqual(Object.keys(files).sort(), [
      "/etc/ha-rancher/fence-helper.json",
      "/etc/systemd/system/ha-rancher-fencer.service",
    ]);
    const told = JSON.parse(files["/etc/ha-rancher/fence-helper.json"]?.content ?? "");
    assert.deepEqual(told.nodes, { "rancher-1": "192.168.56.11", "rancher-2": "192.168.56.12" });
    const folder = mkdtempSync(join(tmpdir(), "fencer-"));
    try {
      const file = join(folder, "told.json");
      const here = { state: folder, nfsd: folder, etab: `${folder}/etab`, exportfs: "/bin/true" };
      writeFileSync(file, JSON.stringify({ ...told, exportsFile: `${folder}/exports`, paths: here }));
      const helper = join(packageRoot, "node", "storage", "fencer");
      execFileSync("python3", ["-I", "-S", "-B", helper, "apply", file]);
      const lines = readFileSync(`${folder}/exports`, "utf8").split("\n");
      assert.deepEqual(
        lines.filter((line) => line.startsWith("/")).map((line) => line.split("(")[0]),
        ["lease", "data"].flatMap((name) =>
          ["192.168.56.11", "192.168.56.12"].map((node) => `/srv/ha-rancher/${name} ${node}`),
        ),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("runs the helper once the server serves", () => {
    const run = String(found.get("storage-machine-storage-fencing")?.inputs.create);
    assert.match(run, /systemctl restart ha-rancher-fencer\.service/);
    assert.match(String(found.get("storage-machine-storage-exports")?.inputs.afterWrite), /fencer apply && /);
  });
});

describe("storage on a server that is there", () => {
  it("exports nothing, and looks at the server from each node before it is mounted", async () => {
    const found = await storageOf({
      storage: "server",
      nfsAddress: "192.168.56.9",
      sharedDirectory: "/exports/rancher",
    });
    assert.ok(![...found.values()].some(({ type }) => type.endsWith("nfs:Export")));
    for (const node of ["rancher-1", "rancher-2"]) {
      const claim = found.get(`storage-${node}-storage-claimed`)?.inputs;
      assert.match(
        String(claim?.create),
        /\/current\/storage\/claim 192\.168\.56\.9 \/exports\/rancher 4\.2 10 'it'\\''s the data'$/,
      );
      assert.match(String(claim?.stdin), /^[0-9a-f]{16}$/, "run again when the program is another one");
      // Nothing of the user's is removed.
      assert.equal(claim?.delete, undefined);
      assert.match(mountsOf(found, node), /^What=192\.168\.56\.9:\/exports\/rancher\/lease$/m);
    }
  });
});

describe("NFS version 3", () => {
  it("mounts without locks and caches", async () => {
    const found = await storageOf({ storage: "machine", nfsAddress: "192.168.56.5", nfsVersion: "3" });
    assert.equal(mountsOf(found, "rancher-1").match(/^Options=vers=3,nolock,noac,/gm)?.length, 2);
  });

  it("is refused where the lab's own server would serve it", async () => {
    await assert.rejects(storageOf({ nfsVersion: "3" }), (error) => {
      assert.ok(error instanceof SettingsError);
      assert.match(error.message, /`nfsVersion` cannot be 3 with `storage` host in the lab/);
      return true;
    });
  });
});
