import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { ganeshaServer } from "../../providers/nfs/ganesha";
import {
  chooseExportId,
  clientsIn,
  exportIdIn,
  quoteForGanesha,
  renderExport,
} from "../../providers/nfs/ganesha-conf";
import { complaints, findGanesha } from "../../providers/nfs/ganesha-process";
import { FakeGanesha, scratch } from "./nfs-fakes";

const folder = scratch();
const ganesha = new FakeGanesha(folder.path);
const server = ganeshaServer(ganesha.location);
before(() => ganesha.start());
after(async () => {
  await ganesha.stop();
  folder.remove();
});

const definition = (name: string, clients = ["192.168.56.11", "192.168.56.12"]) => {
  const directory = folder.path(`data/${name}`);
  mkdirSync(directory, { recursive: true });
  return { name, directory, clients };
};
const fileOf = (name: string): string => join(ganesha.exportsDirectory, `${name}.conf`);

beforeEach(() => mkdirSync(ganesha.exportsDirectory, { recursive: true }));
afterEach(async () => {
  for (const name of readdirSync(ganesha.exportsDirectory))
    rmSync(join(ganesha.exportsDirectory, name), { recursive: true });
});

test("publishes, changes and withdraws an export, and leaves the others alone", async () => {
  const [one, two] = [definition("one"), definition("two")];
  const published = await server.publish(one);
  assert.equal(published.path, "/one");
  await server.publish(two);
  assert.deepEqual(ganesha.serves(), ["/one", "/two"]);
  assert.deepEqual(await server.look({ ...one, ...published }), one.clients);

  const again = await server.publish({ ...one, clients: ["192.168.56.13"] });
  assert.deepEqual(again, published, "the same export, so the same id");
  assert.deepEqual(await server.look({ ...one, ...published }), ["192.168.56.13"]);

  await server.withdraw("one", one.directory);
  assert.deepEqual(ganesha.serves(), ["/two"]);
  assert.deepEqual(readdirSync(ganesha.exportsDirectory), ["two.conf"]);
  assert.equal(await server.look({ ...one, ...published }), undefined);
  await server.withdraw("one", one.directory);
});

test("an export that ganesha refuses is taken back, so that it spoils no other", async () => {
  await server.publish(definition("good"));
  const bad = definition("bad");
  rmSync(bad.directory, { recursive: true });
  await assert.rejects(
    server.publish(bad),
    /refuses the export of .*bad:\nConfig File .*bad.conf:2\): Errors/,
  );
  assert.deepEqual(ganesha.serves(), ["/good"]);
  assert.deepEqual(readdirSync(ganesha.exportsDirectory), ["good.conf"]);

  const good = await server.publish(definition("good"));
  rmSync(definition("good").directory, { recursive: true });
  await assert.rejects(
    server.publish({ ...definition("gone"), name: "good", directory: folder.path("data/good") }),
  );
  assert.match(
    readFileSync(fileOf("good"), "utf8"),
    new RegExp(`Export_Id = ${good.exportId};`),
    "as it was before",
  );
});

test("another's bad file is no reason to fail", async () => {
  writeFileSync(fileOf("aa"), 'EXPORT { Export_Id = 9; Path = "/nonexistent"; }\n');
  await server.publish(definition("mine"));
  assert.deepEqual(ganesha.serves(), ["/mine"]);
});

test("many at once get along", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `many-${i}`);
  const published = await Promise.all(names.map((name) => server.publish(definition(name))));
  assert.equal(new Set(published.map(({ exportId }) => exportId)).size, 8);
  assert.deepEqual(
    ganesha.serves(),
    names.map((name) => `/${name}`),
  );
  await Promise.all(names.map((name) => server.withdraw(name, "")));
  assert.deepEqual(ganesha.serves(), []);
});

test("a file changed by hand, and one that nobody includes, are seen", async () => {
  const one = definition("one");
  const expected = { ...one, ...(await server.publish(one)) };
  const text = readFileSync(fileOf("one"), "utf8");
  writeFileSync(fileOf("one"), text.replace("Access_Type = None", "Access_Type = RW"));
  assert.deepEqual(await server.look(expected), []);
  writeFileSync(fileOf("one"), text.replace("192.168.56.12", "10.0.0.1"));
  assert.deepEqual(await server.look(expected), ["192.168.56.11", "10.0.0.1"]);
  writeFileSync(ganesha.exportsIndex, "");
  assert.equal(await server.look(expected), undefined);
});

test("without a ganesha: no publishing, and withdrawing only removes the file", async () => {
  const one = definition("one");
  await server.publish(one);
  await ganesha.stop();
  try {
    await assert.rejects(server.publish(one), /does not run.*`pidFile`.*npm run up/);
    await server.withdraw("one", one.directory);
    assert.deepEqual(readdirSync(ganesha.exportsDirectory), []);
    assert.doesNotMatch(readFileSync(ganesha.exportsIndex, "utf8"), /one/);
  } finally {
    await ganesha.start();
  }
});

test("withdrawing from a server that was removed with its folders makes nothing anew", async () => {
  const gone = ganeshaServer({
    exportsDirectory: folder.path("gone/exports"),
    exportsIndex: folder.path("gone/index"),
    pidFile: folder.path("gone/pid"),
  });
  await gone.withdraw("one", "/x");
  assert.ok(!readdirSync(folder.path("")).includes("gone"));
});

test("a process id of another program is never signalled", async () => {
  writeFileSync(folder.path("other.pid"), String(process.pid));
  assert.equal(await findGanesha(folder.path("other.pid")), undefined);
  for (const text of ["", "1", "-1", "x", "999999999"]) {
    writeFileSync(folder.path("other.pid"), text);
    assert.equal(await findGanesha(folder.path("other.pid")), undefined, text);
  }
  assert.equal(await findGanesha(folder.path("no such file")), undefined);
});

test("ids follow from the name and are never taken twice", () => {
  const first = chooseExportId("ha-rancher-dev", new Set());
  assert.equal(first, chooseExportId("ha-rancher-dev", new Set()));
  const taken = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const id = chooseExportId("ha-rancher-dev", taken);
    assert.ok(id >= 1 && id <= 65_535 && !taken.has(id));
    taken.add(id);
  }
  const all = new Set(Array.from({ length: 65_535 }, (_, i) => i + 1));
  assert.throws(() => chooseExportId("x", all), /no export id left/);
  all.delete(1);
  assert.equal(chooseExportId("x", all), 1, "the search goes round");
});

/** How ganesha's parser reads a double-quoted string: see quoteForGanesha. */
function parsed(quoted: string): string {
  assert.match(quoted, /^"(\\.|[^\\"])*"$/);
  return quoted.slice(1, -1).replace(/\\(.)/g, "$1");
}

test("any text without control characters survives ganesha's quoting", () => {
  fc.assert(
    fc.property(
      fc
        .oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^["\\a ]*$/))
        .filter((text) => !/\p{Cc}/u.test(text)),
      (text) => assert.equal(parsed(quoteForGanesha(text)), text),
    ),
  );
  assert.throws(() => quoteForGanesha("a\nb"), /control character/);
});

test("an export lets its clients in and nobody else", () => {
  const text = renderExport(
    { name: "ha-rancher-dev", directory: '/srv/a "b"', clients: ["10.0.0.1", "10.0.0.2"] },
    7,
  );
  assert.equal(
    text,
    `# Made by ha-rancher; changes are overwritten.
EXPORT {
  Export_Id = 7;
  Path = "/srv/a \\"b\\"";
  Pseudo = "/ha-rancher-dev";
  Protocols = 4;
  Transports = TCP;
  SecType = sys;
  Squash = no_root_squash;
  Access_Type = None;
  Attr_Expiration_Time = 0;
  CLIENT {
    Clients = 10.0.0.1, 10.0.0.2;
    Protocols = 4;
    Access_Type = RW;
    Squash = no_root_squash;
  }
  FSAL { Name = VFS; }
}
`,
  );
  const definition = { name: "ha-rancher-dev", directory: '/srv/a "b"', clients: [] };
  assert.deepEqual(clientsIn(text, definition, 7), ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(clientsIn(text, definition, 8), []);
  assert.equal(exportIdIn(text), 7);
  assert.equal(exportIdIn("# nothing"), undefined);
});

test("of ganesha's complaints, those count that keep the export from being served", () => {
  const line = (level: string, text: string): string =>
    `22/11/2026 14:10:27 : epoch 6b02f7cf : vm : nfs-ganesha-24546[sigmgr] config_errs_to_log :CONFIG :${level} :${text}`;
  const other = line("CRIT", "Config File (/e/aa.conf:1): Errors processing block (EXPORT)");
  const warning = line("WARN", "Config File (/e/one.conf:12): whatever");
  const ours = line("CRIT", "Config File (/e/one.conf:2): 1 validation errors in block EXPORT");
  const all = line("CRIT", "Error while parsing new configuration file /e/ganesha.conf");
  assert.deepEqual(complaints([other, warning].join("\n"), "/e/one.conf"), []);
  assert.deepEqual(complaints([other, ours].join("\n"), "/e/one.conf"), [
    "Config File (/e/aa.conf:1): Errors processing block (EXPORT)",
    "Config File (/e/one.conf:2): 1 validation errors in block EXPORT",
  ]);
  assert.equal(complaints([other, all].join("\n"), "/e/one.conf").length, 2);
});
