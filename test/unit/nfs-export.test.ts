import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { unknownValue } from "../../local/pulumi/values";
import {
  type ExportInputs,
  type ExportOutputs,
  nfsExport,
  purgeVariable,
} from "../../providers/nfs/export-provider";
import { FakeGanesha, scratch } from "./nfs-fakes";

const folder = scratch();
const ganesha = new FakeGanesha(folder.path);
let count = 0;
before(() => ganesha.start());
after(async () => {
  await ganesha.stop();
  folder.remove();
});

function inputs(given: Partial<ExportInputs> = {}): ExportInputs {
  const name = `stack-${++count}`;
  return {
    name,
    directory: folder.path(`shared/${name}`),
    clients: ["192.168.56.11", "192.168.56.12"],
    server: ganesha.location,
    sentinel: "sentinel of this stack",
    removeData: false,
    ...given,
  };
}

async function create(given: ExportInputs): Promise<ExportOutputs> {
  const { id, outs } = await nfsExport.create(given);
  assert.equal(id, given.name);
  assert.ok(outs);
  return outs;
}

const sentinelOf = ({ directory }: ExportInputs): string => join(directory, "data/.ha-rancher-sentinel");

test("a life: create, read, change, read, delete", async () => {
  const given = inputs();
  const outs = await create(given);
  assert.deepEqual(outs, { ...given, path: `/${given.name}`, exportId: outs.exportId });
  assert.equal(readFileSync(sentinelOf(given), "utf8"), "sentinel of this stack\n");
  assert.ok(statSync(join(given.directory, "lease")).isDirectory());
  assert.deepEqual(ganesha.serves(), [outs.path]);

  assert.deepEqual(await nfsExport.read(given.name, outs), { id: given.name, props: outs, inputs: given });
  assert.equal((await nfsExport.diff(given.name, outs, given)).changes, false);

  const fewer = { ...given, clients: ["192.168.56.12"] };
  assert.equal((await nfsExport.diff(given.name, outs, fewer)).changes, true);
  const updated = (await nfsExport.update(given.name, outs, fewer)).outs;
  assert.deepEqual(updated, { ...outs, clients: ["192.168.56.12"] });
  assert.deepEqual(
    (await nfsExport.read(given.name, outs)).inputs,
    fewer,
    "what is there counts, not what was asked for",
  );

  await nfsExport.delete(given.name, outs);
  assert.deepEqual(ganesha.serves(), []);
  assert.ok(existsSync(sentinelOf(given)), "the data stays");
  assert.deepEqual(await nfsExport.read(given.name, outs), { id: "" });
  await nfsExport.delete(given.name, outs);
});

test("an export or a folder that is gone is gone", async () => {
  const given = inputs();
  const outs = await create(given);
  rmSync(join(given.directory, "lease"), { recursive: true });
  assert.deepEqual(await nfsExport.read(given.name, outs), { id: "" });
  await create(given);
  assert.equal((await nfsExport.read(given.name, outs)).id, given.name);
  rmSync(join(ganesha.exportsDirectory, `${given.name}.conf`));
  assert.deepEqual(await nfsExport.read(given.name, outs), { id: "" });
});

test("a sentinel and data that are there are never overwritten", async () => {
  const given = inputs();
  const outs = await create(given);
  writeFileSync(join(given.directory, "data/db"), "precious");
  await nfsExport.update(given.name, outs, { ...given, sentinel: "another" });
  await nfsExport.delete(given.name, outs);
  await create({ ...given, sentinel: "third" });
  assert.equal(readFileSync(sentinelOf(given), "utf8"), "sentinel of this stack\n");
  assert.equal(readFileSync(join(given.directory, "data/db"), "utf8"), "precious");
});

test("data that is kept goes with the one export whose data is to be purged, and with no other", async (t) => {
  t.after(() => delete process.env[purgeVariable]);
  const [mine, others] = [inputs(), inputs()];
  const [outs, othersOuts] = [await create(mine), await create(others)];
  process.env[purgeVariable] = mine.name;
  await nfsExport.delete(others.name, othersOuts);
  await nfsExport.delete(mine.name, outs);
  assert.ok(existsSync(sentinelOf(others)));
  assert.ok(!existsSync(mine.directory));
});

test("removeData deletes the directory, and only then", async () => {
  const given = inputs({ removeData: true });
  const outs = await create(given);
  mkdirSync(join(given.directory, "data/deep/er"), { recursive: true });
  symlinkSync(folder.path("ganesha.log"), join(given.directory, "data/link"));
  await nfsExport.delete(given.name, outs);
  assert.ok(!existsSync(given.directory));
  assert.ok(existsSync(folder.path("ganesha.log")), "what links point to stays");
  await nfsExport.delete(given.name, outs);
});

test("nothing is deleted that this project did not make", async () => {
  const foreign = folder.path("foreign");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "thesis"), "");
  const given = inputs({ directory: foreign, removeData: true });
  await assert.rejects(nfsExport.create(given), (error: Error) => {
    assert.match(error.message, /`removeData` is set.*holds files that are not of this project \(thesis\)/);
    assert.ok(!("id" in error), "nothing was made");
    return true;
  });
  assert.ok(!existsSync(join(foreign, "data")));

  const kept = await create({ ...given, removeData: false });
  await assert.rejects(
    nfsExport.delete(given.name, { ...kept, removeData: true }),
    /is not deleted: this project did not make it. Delete it yourself, or set `removeData` to false/,
  );
  assert.ok(existsSync(join(foreign, "thesis")));
  assert.deepEqual(ganesha.serves().includes(kept.path), false, "the export has ended all the same");

  for (const directory of ["/", "/etc"])
    await assert.rejects(
      nfsExport.delete("x", { ...kept, name: "x", directory, removeData: true }),
      /is not deleted/,
    );
});

test("links that a node planted in the export are not followed", async () => {
  const given = inputs();
  const outs = await create(given);
  const target = folder.path("authorized_keys");
  writeFileSync(target, "a key\n");
  const draft = join(given.directory, `.ha-rancher-export.${process.pid}.new`);
  for (const name of [".ha-rancher-export", ".ha-rancher-export.new", "data/.ha-rancher-sentinel"]) {
    rmSync(join(given.directory, name), { force: true });
    symlinkSync(target, join(given.directory, name));
  }
  symlinkSync(target, draft);
  await nfsExport.update(given.name, outs, given);
  await nfsExport.delete(given.name, outs);
  await create(given);
  assert.equal(readFileSync(target, "utf8"), "a key\n");

  const elsewhere = folder.path("elsewhere");
  for (const name of ["data", "lease"]) {
    mkdirSync(elsewhere, { recursive: true });
    rmSync(join(given.directory, name), { recursive: true });
    symlinkSync(elsewhere, join(given.directory, name));
    assert.deepEqual(await nfsExport.read(given.name, outs), { id: "" });
    await assert.rejects(nfsExport.update(given.name, outs, given), /is a link or a file, which a node/);
    assert.deepEqual(readdirSync(elsewhere), []);
    rmSync(join(given.directory, name));
    await nfsExport.update(given.name, outs, given);
  }
  symlinkSync("nowhere", join(given.directory, "data/.ha-rancher-sentinel-2"));
  await nfsExport.delete(given.name, { ...outs, removeData: true });
  assert.ok(existsSync(target) && existsSync(elsewhere) && !existsSync(given.directory));
});

test("what a node leaves in the export no other user of this machine can reach", async () => {
  const given = inputs();
  await create(given);
  assert.equal(statSync(given.directory).mode & 0o777, 0o700);
});

test("the marker of a former version, in the directory, is believed and moved out of it", async () => {
  const given = inputs();
  const outs = await create(given);
  const [marker, former] = [
    `${given.directory}.ha-rancher-export`,
    join(given.directory, ".ha-rancher-export"),
  ];
  rmSync(marker);
  writeFileSync(former, `${given.name}\n`);
  await assert.rejects(nfsExport.create(inputs({ directory: given.directory })), /belongs to the export/);
  await nfsExport.update(given.name, outs, given);
  assert.equal(readFileSync(marker, "utf8"), `${given.name}\n`);
  assert.ok(!existsSync(former));
  // What a node writes there from now on counts for nothing.
  writeFileSync(former, "stack-of-somebody-else\n");
  await nfsExport.delete(given.name, { ...outs, removeData: true });
  assert.ok(!existsSync(given.directory) && !existsSync(marker));
});

test("a directory that somebody made in a folder of theirs is used, and not removed", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root may write everywhere");
  const above = folder.path("theirs");
  mkdirSync(join(above, "ours"), { recursive: true });
  chmodSync(above, 0o555);
  t.after(() => chmodSync(above, 0o755));
  const given = inputs({ directory: join(above, "ours") });
  const outs = await create(given);
  await assert.rejects(nfsExport.delete(given.name, { ...outs, removeData: true }), /is not deleted/);
});

test("two exports never share a directory; one whose export has ended can be taken over", async () => {
  const given = inputs();
  const outs = await create(given);
  const second = inputs({ directory: given.directory });
  await assert.rejects(
    nfsExport.create(second),
    new RegExp(`belongs to the export ${given.name}: two stacks`),
  );
  await nfsExport.delete(given.name, outs);
  const taken = await create({ ...second, removeData: true });
  await assert.rejects(
    nfsExport.delete(given.name, { ...outs, removeData: true }),
    new RegExp(`is not deleted: it belongs to the export ${second.name}`),
  );
  await nfsExport.delete(second.name, taken);
  assert.ok(!existsSync(given.directory));
});

test("a failure in the middle leaves a resource that the next update completes", async () => {
  const given = inputs();
  await ganesha.stop();
  const error = await nfsExport.create(given).then(
    () => assert.fail("it should have failed"),
    (thrown: Error & { id: string; properties: ExportOutputs; reasons: string[] }) => thrown,
  );
  assert.match(error.message, /does not run/);
  assert.equal(error.id, given.name);
  assert.deepEqual(error.properties, { ...given, path: "", exportId: 0 });
  await ganesha.start();
  const { outs } = await nfsExport.update(given.name, error.properties, given);
  assert.equal(outs?.path, `/${given.name}`);
  await nfsExport.delete(given.name, error.properties);
  assert.ok(!ganesha.serves().includes(`/${given.name}`));
});

test("moving to another server ends the export on the old one", async () => {
  const elsewhere = scratch();
  const other = await new FakeGanesha(elsewhere.path).start();
  const given = inputs();
  const outs = await create(given);
  const moved = { ...given, server: other.location };
  assert.deepEqual((await nfsExport.diff(given.name, outs, moved)).replaces, []);
  await nfsExport.update(given.name, outs, moved);
  assert.ok(!ganesha.serves().includes(outs.path));
  assert.deepEqual(other.serves(), [outs.path]);
  await other.stop();
  elsewhere.remove();
});

test("each input has its verb", async () => {
  const given = inputs();
  const olds: ExportOutputs = { ...given, path: "/x", exportId: 7 };
  const verb = async (change: object): Promise<string> => {
    const { changes, replaces, deleteBeforeReplace } = await nfsExport.diff("x", olds, {
      ...given,
      ...change,
    });
    assert.equal(deleteBeforeReplace, true);
    return replaces?.length ? `replace ${replaces}` : changes ? "update" : "nothing";
  };
  assert.equal(await verb({}), "nothing");
  assert.equal(await verb({ clients: [...given.clients].reverse() }), "nothing");
  assert.equal(await verb({ server: Object.fromEntries(Object.entries(given.server).reverse()) }), "nothing");
  assert.equal(await verb({ name: "y" }), "replace name");
  assert.equal(await verb({ directory: "/y" }), "replace directory");
  for (const change of [
    { clients: ["10.0.0.1"] },
    { server: { kind: "kernel" } },
    { sentinel: "y" },
    { removeData: true },
    { clients: unknownValue },
  ])
    assert.equal(await verb(change), "update", JSON.stringify(change));
});

test("check sorts the clients, fills in defaults and finds all mistakes at once", async () => {
  const { removeData, ...given } = inputs();
  assert.equal(removeData, false);
  const good = await nfsExport.check({}, { ...given, clients: ["10.0.0.2", "10.0.0.1", "10.0.0.2"] });
  assert.deepEqual(good, {
    inputs: { ...given, clients: ["10.0.0.1", "10.0.0.2"], removeData: false },
    failures: [],
  });

  const bad = await nfsExport.check({}, {
    name: "a/b",
    directory: "relative",
    clients: ["10.0.0.1", "10.0.0.256", "host"],
    server: { ...ganesha.location, exportsDirectory: "/with blank" },
    sentinel: "two\nlines",
    removeData: "yes",
  } as object);
  assert.deepEqual(bad.failures?.map(({ property }) => property).sort(), [
    "clients[1]",
    "clients[2]",
    "directory",
    "name",
    "removeData",
    "sentinel",
    "server.exportsDirectory",
  ]);
  assert.ok(bad.failures?.every(({ property, reason }) => reason.startsWith(`\`${property}\` must `)));
  const properties = async (given: object): Promise<unknown> =>
    (await nfsExport.check({}, given)).failures?.map(({ property }) => property);
  assert.deepEqual(await properties({ ...given, clients: [] }), ["clients"]);
  assert.deepEqual(await properties({ ...given, clients: undefined }), ["clients"]);
  assert.deepEqual(await properties({ ...given, server: { kind: "samba" } }), ["server.kind"]);
  for (const directory of ["/", "/a/../b", "/a/", "/a\nb", ""])
    assert.deepEqual(await properties({ ...given, directory }), ["directory"], directory);
});

test("check does not judge what is not known yet", async () => {
  const given = inputs();
  for (const unknown of [
    { clients: unknownValue },
    { clients: ["10.0.0.1", unknownValue] },
    { sentinel: unknownValue, removeData: unknownValue, server: unknownValue, directory: unknownValue },
  ])
    assert.deepEqual((await nfsExport.check({}, { ...given, ...unknown })).failures, []);
});
