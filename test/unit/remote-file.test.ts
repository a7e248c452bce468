import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
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
import { dirname } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { type FileInputs, type FileOutputs, file } from "../../providers/remote/file-provider";
import { writeScript } from "../../providers/remote/file-script";
import { shellQuote } from "../../providers/remote/quote";
import { closeAll, exec } from "../../providers/remote/ssh";
import { unknownValue } from "../../providers/shim";
import { ownOwner, TestServer } from "./remote-server";

let server: TestServer;
let count = 0;
before(async () => {
  server = await new TestServer().start();
});
after(async () => {
  closeAll();
  await server.stop();
});
beforeEach(() => {
  server.commands.length = 0;
});

/** Inputs for a file of its own, in a folder of its own that does not exist yet. */
function inputs(given: Partial<FileInputs> = {}): FileInputs {
  return {
    ssh: server.endpoint,
    path: server.path(`etc${++count}/app.conf`),
    content: "one\n",
    mode: "0640",
    owner: ownOwner(),
    ...given,
  };
}

const text = (path: string): string => readFileSync(path, "utf8");
const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
/** A command that appends a line to a file below the server's folder. */
const note = (name: string, line = "x"): string =>
  `echo ${shellQuote(line)} >> ${shellQuote(server.path(name))}`;
const notes = (name: string): string[] =>
  existsSync(server.path(name)) ? text(server.path(name)).trim().split("\n") : [];

async function create(given: FileInputs): Promise<{ id: string; outs: FileOutputs }> {
  const { id, outs } = await file.create(given);
  assert.ok(outs);
  return { id, outs };
}

/** What an error says that leaves a resource half made. */
interface HalfMade {
  id: string;
  properties: FileOutputs;
  reasons: string[];
}

const failure = async (action: Promise<unknown>): Promise<Error & Partial<HalfMade>> => {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail("it should have failed");
};

test("a life: create, read, change, read, delete, in one command each", async () => {
  const first = inputs({ afterWrite: note("life", "written"), afterDelete: note("life", "deleted") });
  const { id, outs } = await create(first);
  assert.equal(id, `127.0.0.1:${first.path}`);
  assert.deepEqual(outs, { ...first, unfinished: false });
  assert.deepEqual([text(first.path), mode(first.path)], ["one\n", "640"]);
  assert.deepEqual(readdirSync(dirname(first.path)), ["app.conf"]);
  assert.equal(mode(dirname(first.path)), "755");

  const read = await file.read(id, outs);
  assert.deepEqual(read, { id, props: outs, inputs: first });
  assert.deepEqual(await file.diff(id, outs, first), {
    changes: false,
    replaces: [],
    deleteBeforeReplace: false,
  });

  const second = { ...first, content: "two", mode: "0600" };
  assert.equal((await file.diff(id, outs, second)).changes, true);
  const updated = await file.update(id, outs, second);
  assert.deepEqual(updated.outs, { ...second, unfinished: false });
  assert.deepEqual([text(first.path), mode(first.path)], ["two", "600"]);

  assert.deepEqual(notes("life"), ["written", "written"]);
  await file.delete(id, { ...second, unfinished: false });
  assert.equal(existsSync(first.path), false);
  assert.deepEqual(notes("life"), ["written", "written", "deleted"]);
  assert.equal(server.commands.length, 4);
  assert.deepEqual(await file.read(id, outs), { id: "" });
  await file.delete(id, { ...second, unfinished: false });
});

test("an update of what is right already runs nothing; a create runs afterWrite all the same", async () => {
  const given = inputs({ afterWrite: note("same"), check: `${note("same", "check")} {}` });
  const { id, outs } = await create(given);
  const inode = statSync(given.path).ino;
  await file.update(id, outs, { ...given, afterDelete: "true" });
  assert.deepEqual(notes("same").length, 2);
  await create(given);
  assert.deepEqual(notes("same").length, 4);
  assert.equal(statSync(given.path).ino, inode, "the same content was not written again");
});

test("a wrong mode alone is put right", async () => {
  const given = inputs();
  const { id, outs } = await create(given);
  await file.update(id, outs, { ...given, mode: "0604" });
  assert.equal(mode(given.path), "604");
});

test("a check that fails keeps the old file and shows what it said", async () => {
  const given = inputs({
    check: "grep -v bad {} || { echo no good >&2; exit 1; }",
    afterWrite: note("checked"),
  });
  const { id, outs } = await create(given);
  const error = await failure(file.update(id, outs, { ...given, content: "bad" }));
  assert.match(error.message, /`check` refused the new `content`.*left as it is.*\nno good$/s);
  assert.equal(error.id, undefined, "nothing changed, so the state stays as it was");
  assert.equal(text(given.path), "one\n");
  assert.deepEqual(readdirSync(dirname(given.path)), ["app.conf"]);
  assert.deepEqual(notes("checked").length, 1);

  const never = inputs({ content: "bad", check: "grep -v bad {}" });
  assert.equal((await failure(file.create(never))).id, undefined);
  assert.equal(existsSync(never.path), false);
});

test("the check sees a file whose name ends as the target's does, and reads nothing from the content", async () => {
  const given = inputs({
    check: `cat; case {} in */.*.app.conf) cp {} ${shellQuote(server.path("seen"))};; *) exit 1; esac`,
  });
  await create(given);
  assert.equal(text(server.path("seen")), "one\n");
});

test("an afterWrite that fails is repeated by the next update, though the content is right", async () => {
  const flag = server.path("flag");
  const given = inputs({
    afterWrite: `${note("repeat")}; test -e ${shellQuote(flag)} || { echo not yet >&2; exit 7; }`,
  });
  const error = await failure(file.create(given));
  assert.match(error.message, /the command that follows the change failed.*\nnot yet$/s);
  assert.equal(error.id, `127.0.0.1:${given.path}`);
  assert.deepEqual(error.properties, { ...given, unfinished: true });
  assert.deepEqual(error.reasons, [error.message]);
  assert.equal(text(given.path), "one\n");

  const olds = error.properties as FileOutputs;
  assert.equal((await file.diff("id", olds, given)).changes, true);
  await failure(file.update("id", olds, given));
  writeFileSync(flag, "");
  const { outs } = await file.update("id", olds, given);
  assert.deepEqual(outs, { ...given, unfinished: false });
  assert.equal(notes("repeat").length, 3);
});

test("a connection that breaks off in the middle leaves an update to be repeated", async () => {
  const given = inputs({ afterWrite: `${note("middle")}; sleep 2` });
  const creating = failure(file.create(given));
  while (notes("middle").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  server.dropAll();
  const error = await creating;
  assert.match(error.message, /app.conf: .*broke while a command was running/);
  assert.equal(error.properties?.unfinished, true);
});

test("content that did not arrive completely is never swapped in", async () => {
  const given = inputs();
  const { id, outs } = await create(given);
  // What a node sees of a connection that breaks: the end of the content, too early.
  const half = { ...given, content: "x".repeat(100_000) };
  const { code } = await exec(server.endpoint, `sh -c ${shellQuote(writeScript(half, false))}`, {
    stdin: "xxx",
  });
  assert.equal(code, 83);
  assert.deepEqual(await file.read(id, outs), { id, props: outs, inputs: given });
  assert.deepEqual(readdirSync(dirname(given.path)), ["app.conf"]);
});

test("drift is read as it is: content, mode, a file that is gone or no file any more", async () => {
  const given = inputs();
  const { id, outs } = await create(given);
  writeFileSync(given.path, "by hand, no newline");
  const drifted = await file.read(id, outs);
  assert.deepEqual(drifted.inputs, { ...given, content: "by hand, no newline" });
  assert.deepEqual(drifted.props, { ...outs, content: "by hand, no newline" });
  assert.equal((await file.diff(id, drifted.props, given)).changes, true);
  await file.update(id, drifted.props, given);

  chmodSync(given.path, 0o4755);
  assert.equal((await file.read(id, outs)).inputs?.mode, "4755");
  rmSync(given.path);
  symlinkSync("/etc/hostname", given.path);
  assert.deepEqual(await file.read(id, outs), { id: "" });
  await create(given);
  assert.equal(text(given.path), "one\n", "the link was replaced, and what it pointed to left alone");

  rmSync(given.path);
  mkdirSync(given.path);
  assert.deepEqual(await file.read(id, outs), { id: "" });
  assert.match((await failure(file.create(given))).message, /is there already and is not a file/);
  assert.match((await failure(file.delete(id, outs))).message, /is not a file any more/);
});

test("an owner is the same by name and by number", async () => {
  const names = execFileSync("sh", ["-c", "echo $(id -un):$(id -gn)"], { encoding: "utf8" }).trim();
  for (const owner of [names, ownOwner()]) {
    const given = inputs({ owner });
    const { id, outs } = await create(given);
    assert.equal((await file.read(id, outs)).inputs?.owner, owner);
  }
});

const roundTrip = async (given: FileInputs): Promise<void> => {
  const { id, outs } = await create(given);
  assert.equal(text(given.path), given.content);
  const { props } = await file.read(id, outs);
  assert.equal(props.content, given.content);
  assert.equal((await file.diff(id, props, given)).changes, false);
};

test("any content arrives and is read back exactly", async () => {
  for (const content of [
    "",
    "\n",
    "no newline",
    "\n\n\n",
    "a\r\nb",
    "'\"`$(id)\\",
    "{}",
    "ä€😀",
    "\0\x01",
    "EOF\n",
    " \t ",
  ])
    await roundTrip(inputs({ content }));
});

test("any generated content arrives and is read back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "grapheme" })),
      (content) => roundTrip(inputs({ content })),
    ),
    { numRuns: 10 },
  );
});

test("200 kB arrive", async () => {
  await roundTrip(inputs({ content: "0123456789abcde\n".repeat(12_500) }));
});

test("any name can be written to", async () => {
  for (const name of ["ä€😀 name.conf", "it's", '"quoted"', "a\nb", "$HOME", "*", "-rf", "`id`", "{}"])
    await roundTrip(inputs({ path: server.path(`odd${++count}/${name}/${name}`), check: "test -s {}" }));
});

test("candidates that a killed run left are cleaned up, and other files left alone", async () => {
  const given = inputs();
  const { id, outs } = await create(given);
  const folder = dirname(given.path);
  writeFileSync(`${folder}/.ha-rancher-0123abcd.app.conf`, "left");
  writeFileSync(`${folder}/.ha-rancher-0123abcd.other.conf`, "another's");
  await file.update(id, outs, { ...given, content: "new" });
  assert.deepEqual(readdirSync(folder).sort(), [".ha-rancher-0123abcd.other.conf", "app.conf"]);
});

test("an empty folder of the project's own goes with its last file", async () => {
  const given = inputs({ path: server.path("own/ha-rancher/a") });
  const { id, outs } = await create(given);
  const other = await create(inputs({ path: server.path("own/ha-rancher/b") }));
  await file.delete(id, outs);
  assert.ok(existsSync(server.path("own/ha-rancher")));
  await file.delete(other.id, other.outs);
  assert.ok(!existsSync(server.path("own/ha-rancher")));
  assert.ok(existsSync(server.path("own")));
});

test("an afterDelete that fails is an error, and is repeated though the file is gone", async () => {
  const given = inputs({ afterDelete: `${note("gone")}; exit 3` });
  const { id, outs } = await create(given);
  await failure(file.delete(id, outs));
  await failure(file.delete(id, outs));
  assert.equal(notes("gone").length, 2);
});

test("each input has its verb", async () => {
  const olds: FileOutputs = { ...inputs(), unfinished: false };
  const { unfinished, ...same } = olds;
  const verb = async (change: Partial<FileInputs> & { __provider?: string }): Promise<string> => {
    const { changes, replaces, deleteBeforeReplace } = await file.diff("id", olds, { ...same, ...change });
    assert.equal(deleteBeforeReplace, false);
    return replaces?.length ? `replace ${replaces}` : changes ? "update" : "nothing";
  };
  assert.equal(unfinished, false);
  assert.equal(await verb({}), "nothing");
  for (const key of ["content", "mode", "owner", "check", "afterWrite", "afterDelete"])
    assert.equal(await verb({ [key]: "other" }), "update", key);
  assert.equal(await verb({ path: "/other" }), "replace path");
  assert.equal(await verb({ ssh: { ...same.ssh, host: "10.0.0.9" } }), "replace ssh");
  for (const key of ["user", "privateKey", "keyFile", "knownHostsFile", "hostKey"])
    assert.equal(await verb({ ssh: { ...same.ssh, [key]: "other" } }), "update", key);
  assert.equal(await verb({ ssh: { ...same.ssh, port: 2222 } }), "update");
  assert.equal(await verb({ __provider: "new code" }), "update");
  const reordered = Object.fromEntries(Object.entries(same.ssh).reverse()) as unknown as FileInputs["ssh"];
  assert.equal(await verb({ ssh: reordered }), "nothing");
  // In a preview that makes the machine anew.
  assert.equal(await verb({ ssh: unknownValue as never }), "update");
  assert.equal(await verb({ ssh: { ...same.ssh, host: unknownValue } }), "update");
});

test("another way to log in is only stored; another machine at the same address gets the file", async () => {
  const given = inputs({ afterWrite: note("moved") });
  const { id, outs } = await create(given);
  server.commands.length = 0;
  const unreachable = { ...given, ssh: { ...given.ssh, port: 1, keyFile: "/elsewhere" } };
  assert.deepEqual((await file.update(id, outs, unreachable)).outs, { ...unreachable, unfinished: false });
  assert.deepEqual(server.commands, []);

  const another = await new TestServer().start();
  try {
    const moved = { ...given, ssh: another.endpoint, path: another.path("etc/app.conf") };
    await file.update(id, { ...outs, path: moved.path }, moved);
    assert.equal(text(moved.path), "one\n");
    assert.equal(notes("moved").length, 2);
  } finally {
    await another.stop();
  }
});

test("a machine that is off is an error with the way out, and leaves nothing in the state", async () => {
  const off = await new TestServer().start();
  const given = inputs({ ssh: { ...off.endpoint, hostKey: "ssh-ed25519 AAAA" } });
  const error = await failure(file.create(given));
  assert.match(error.message, /app.conf: .*not the machine that was pinned/);
  assert.equal(error.id, undefined);
  const wayOut = await failure(file.delete("id", { ...given, unfinished: false }));
  assert.match(wayOut.message, /gone for good.*`pulumi state delete`/);
  await off.stop();
});

test("no error shows the content or the key", async () => {
  const secret = "s3cret-content";
  const given = inputs({ content: secret, check: "exit 1 # {}" });
  const errors = [
    await failure(file.create(given)),
    await failure(file.create({ ...given, check: undefined, afterWrite: "exit 1" })),
    await failure(file.create({ ...given, owner: "nobody-of-that-name:nogroup" })),
  ];
  for (const { message } of errors) {
    assert.doesNotMatch(message, /s3cret/);
    assert.doesNotMatch(message, /PRIVATE/);
  }
  for (const command of server.commands) assert.doesNotMatch(command, /s3cret/);
});

test("check fills in defaults and finds all mistakes at once", async () => {
  const { ssh, path, content } = inputs();
  const good = await file.check({}, { ssh, path, content, check: undefined });
  assert.deepEqual(good, { inputs: { ssh, path, content, mode: "0644", owner: "root:root" }, failures: [] });

  const bad = await file.check(
    {},
    {
      ssh: { ...ssh, port: 0, user: "a b", privateKey: "/root/.ssh/id" },
      path: "etc/x",
      content: 5,
      mode: "rw",
      owner: "root",
      check: "visudo -c",
      afterWrite: "",
    },
  );
  assert.deepEqual(bad.failures?.map(({ property }) => property).sort(), [
    "afterWrite",
    "check",
    "content",
    "mode",
    "owner",
    "path",
    "ssh.port",
    "ssh.privateKey",
    "ssh.user",
  ]);
  assert.ok(bad.failures?.every(({ property, reason }) => reason.startsWith(`\`${property}\` must `)));
  for (const wrong of ["/", "/a/", "/a//b", "/a/../b", "/a/.", "", "/a\0"])
    assert.equal(
      (await file.check({}, { ssh, content, path: wrong })).failures?.[0]?.property,
      "path",
      wrong,
    );
});

test("check does not judge what is not known yet", async () => {
  const { ssh, path } = inputs();
  for (const unknown of [
    { ssh: unknownValue, path, content: "x" },
    { ssh: { ...ssh, port: unknownValue, host: unknownValue }, path, content: "x" },
    {
      ssh,
      path: unknownValue,
      content: unknownValue,
      mode: unknownValue,
      owner: unknownValue,
      check: unknownValue,
    },
  ])
    assert.deepEqual((await file.check({}, unknown)).failures, []);
});
