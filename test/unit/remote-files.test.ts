import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { shellQuote } from "../../domain/shell-quote";
import { files } from "../../providers/remote/files-provider";
import { writeScript } from "../../providers/remote/files-script";
import { closeAll, exec } from "../../providers/remote/ssh";
import {
  create,
  failure,
  inputs,
  mode,
  type One,
  outputs,
  read,
  Scratch,
  text,
  update,
} from "./remote-files-support";
import { ownOwner, TestServer } from "./remote-server";

let server: TestServer;
const scratch = new Scratch(() => server);
const one = (given: Partial<One> = {}): One => scratch.one(given);
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

test("a life: create, read, change, delete, in one command each", async () => {
  const first = one({
    afterWrite: scratch.note("life", "written"),
    afterDelete: scratch.note("life", "deleted"),
  });
  const { id, outs } = await files.create(inputs(first));
  assert.ok(outs);
  assert.equal(id, `127.0.0.1:${first.path}`);
  assert.deepEqual(outs, outputs(first));
  assert.deepEqual([text(first.path), mode(first.path)], ["one\n", "640"]);
  assert.deepEqual(readdirSync(dirname(first.path)), ["app.conf"]);
  assert.equal(mode(dirname(first.path)), "755");

  assert.deepEqual(await files.read(id, outs), { id, props: outs, inputs: inputs(first) });
  const same = await files.diff(id, outs, inputs(first));
  assert.deepEqual(same, { changes: false, replaces: [], deleteBeforeReplace: false });

  const second = { ...first, content: "two", mode: "0600" };
  assert.equal((await files.diff(id, outs, inputs(second))).changes, true);
  assert.deepEqual(await update(outs, inputs(second)), outputs(second));
  assert.deepEqual([text(first.path), mode(first.path)], ["two", "600"]);

  assert.deepEqual(scratch.notes("life"), ["written", "written"]);
  await files.delete(id, outputs(second));
  assert.equal(existsSync(first.path), false);
  assert.deepEqual(scratch.notes("life"), ["written", "written", "deleted"]);
  assert.equal(server.commands.length, 4);
  assert.equal(await read(outs), undefined);
  await files.delete(id, outputs(second));
});

test("many files go in one command; those that leave are removed, and what follows runs once", async () => {
  const { path, ...rest } = one();
  const { content, mode: octal, owner } = rest;
  const folder = dirname(path);
  const file = (name: string, value = content) => ({
    [`${folder}/${name}`]: { content: value, mode: octal, owner },
  });
  const base = { ssh: rest.ssh, afterWrite: scratch.note("many") };
  const three = { ...base, files: { ...file("a", "ä€"), ...file("b", ""), ...file("sub/c", "c\n") } };
  const outs = await create(three);
  assert.equal(server.commands.length, 1);
  assert.deepEqual(
    ["a", "b", "sub/c"].map((name) => text(`${folder}/${name}`)),
    ["ä€", "", "c\n"],
  );
  assert.deepEqual(await read(outs), outs);

  const inode = statSync(`${folder}/a`).ino;
  const two = { ...base, files: { ...file("a", "ä€"), ...file("d", "d") } };
  const changed = await update(outs, two);
  assert.deepEqual(changed, { ...two, unfinished: false, retired: [] });
  assert.deepEqual(readdirSync(folder).sort(), ["a", "d", "sub"]);
  assert.deepEqual(readdirSync(`${folder}/sub`), []);
  assert.equal(statSync(`${folder}/a`).ino, inode, "what was right was not written again");
  assert.equal(scratch.notes("many").length, 2);

  rmSync(`${folder}/d`);
  const drifted = await read(changed);
  assert.deepEqual(drifted?.files, file("a", "ä€"));
  assert.equal((await files.diff("id", drifted ?? changed, two)).changes, true);
  await update(drifted ?? changed, two);
  assert.equal(text(`${folder}/d`), "d");
  await files.delete("id", changed);
  assert.deepEqual(readdirSync(folder), ["sub"]);
});

test("one check that fails leaves all files as they are", async () => {
  const { path, ssh, ...file } = one();
  const other = `${path}.other`;
  const base = { ssh, afterWrite: scratch.note("all") };
  const outs = await create({ ...base, files: { [path]: file, [other]: file } });
  const news = {
    ...base,
    files: { [path]: { ...file, content: "new" }, [other]: { ...file, check: "echo no good >&2; false {}" } },
  };
  const error = await failure(update(outs, news));
  assert.match(error.message, /app.conf \(and 1 more\).*`check` refused.*\nno good$/s);
  assert.equal(error.id, undefined, "nothing changed, so the state stays as it was");
  assert.equal(text(path), "one\n");
  assert.deepEqual(readdirSync(dirname(path)).length, 2);
  assert.equal(scratch.notes("all").length, 1);
});

test("files that left are removed by the next run, if the one that should have was cut off", async () => {
  const { path, ssh, ...file } = one();
  const old = `${path}.old`;
  const outs = await create({ ssh, files: { [path]: file, [old]: file } });
  // A folder at the place of a file that leaves.
  rmSync(old);
  mkdirSync(old);
  const news = { ssh, files: { [path]: file } };
  assert.match((await failure(update(outs, news))).message, /is there already and is not a file/);
  rmSync(old, { recursive: true });
  writeFileSync(old, "");
  const cut = { ...news, unfinished: true, retired: [old] };
  assert.deepEqual(await update(cut, news), { ...news, unfinished: false, retired: [] });
  assert.equal(existsSync(old), false);
  writeFileSync(old, "");
  await files.delete("id", cut);
  assert.equal(existsSync(old), false);
});

test("an update of what is right already runs nothing; a create runs all the same", async () => {
  const given = one({ afterWrite: scratch.note("same"), check: `${scratch.note("same", "check")} {}` });
  const outs = await create(inputs(given));
  const inode = statSync(given.path).ino;
  await update(outs, inputs({ ...given, afterDelete: "true" }));
  assert.equal(scratch.notes("same").length, 2);
  await create(inputs(given));
  assert.equal(scratch.notes("same").length, 4);
  assert.equal(statSync(given.path).ino, inode, "the same content was not written again");
});

test("a wrong mode alone is put right", async () => {
  const given = one();
  await update(await create(inputs(given)), inputs({ ...given, mode: "0604" }));
  assert.equal(mode(given.path), "604");
});

test("a check that fails on a new file leaves nothing", async () => {
  const never = one({ content: "bad", check: "grep -v bad {}" });
  assert.equal((await failure(create(inputs(never)))).id, undefined);
  assert.deepEqual(readdirSync(dirname(never.path)), []);
});

test("the check sees a file whose name ends as the target's does, and reads nothing from the content", async () => {
  const seen = shellQuote(server.path("seen"));
  const given = one({ check: `cat; case {} in */.*.app.conf) cp {} ${seen};; *) exit 1; esac` });
  await create(inputs(given));
  assert.equal(text(server.path("seen")), "one\n");
});

test("an afterWrite that fails is repeated by the next update, though the content is right", async () => {
  const flag = server.path("flag");
  const given = one({
    afterWrite: `${scratch.note("repeat")}; test -e ${shellQuote(flag)} || { echo not yet >&2; exit 7; }`,
  });
  const error = await failure(create(inputs(given)));
  assert.match(error.message, /the command that follows the change failed.*\nnot yet$/s);
  assert.equal(error.id, `127.0.0.1:${given.path}`);
  assert.deepEqual(error.properties, { ...outputs(given), unfinished: true });
  assert.deepEqual(error.reasons, [error.message]);
  assert.equal(text(given.path), "one\n");

  const olds = error.properties ?? outputs(given);
  assert.equal((await files.diff("id", olds, inputs(given))).changes, true);
  await failure(update(olds, inputs(given)));
  writeFileSync(flag, "");
  assert.deepEqual(await update(olds, inputs(given)), outputs(given));
  assert.equal(scratch.notes("repeat").length, 3);
});

test("a connection that breaks off in the middle leaves an update to be repeated", async () => {
  const given = one({ afterWrite: `${scratch.note("middle")}; sleep 2` });
  const creating = failure(create(inputs(given)));
  while (scratch.notes("middle").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  server.dropAll();
  const error = await creating;
  assert.match(error.message, /app.conf: .*broke while a command was running/);
  assert.equal(error.properties?.unfinished, true);
});

test("content that did not arrive completely is never swapped in", async () => {
  const given = one();
  const outs = await create(inputs(given));
  // What a node sees of a connection that breaks: the end of the content, too early.
  const half = inputs({ ...given, content: "x".repeat(100_000) });
  const script = writeScript(half.files, undefined, [], false);
  const { code } = await exec(server.endpoint, `sh -c ${shellQuote(script)}`, { stdin: "xxx" });
  assert.equal(code, 83);
  assert.deepEqual(await read(outs), outs);
  assert.deepEqual(readdirSync(dirname(given.path)), ["app.conf"]);
});

test("drift is read as it is: content, mode, a file that is gone or no file any more", async () => {
  const given = one();
  const outs = await create(inputs(given));
  writeFileSync(given.path, "by hand, no newline");
  const drifted = await files.read("id", outs);
  assert.deepEqual(drifted.inputs, inputs({ ...given, content: "by hand, no newline" }));
  assert.deepEqual(drifted.props, outputs({ ...given, content: "by hand, no newline" }));
  assert.equal((await files.diff("id", drifted.props, inputs(given))).changes, true);
  await update(drifted.props, inputs(given));

  chmodSync(given.path, 0o4755);
  assert.equal((await read(outs))?.files[given.path]?.mode, "4755");
  rmSync(given.path);
  symlinkSync("/etc/hostname", given.path);
  assert.equal(await read(outs), undefined);
  await create(inputs(given));
  assert.equal(text(given.path), "one\n", "the link was replaced, and what it pointed to left alone");

  rmSync(given.path);
  mkdirSync(given.path);
  assert.equal(await read(outs), undefined);
  assert.match((await failure(create(inputs(given)))).message, /is there already and is not a file/);
  assert.match((await failure(files.delete("id", outs))).message, /is not a file any more/);
});

test("an owner is the same by name and by number", async () => {
  const names = execFileSync("sh", ["-c", "echo $(id -un):$(id -gn)"], { encoding: "utf8" }).trim();
  for (const owner of [names, ownOwner()]) {
    const given = one({ owner });
    assert.equal((await read(await create(inputs(given))))?.files[given.path]?.owner, owner);
  }
});

const roundTrip = async (given: One): Promise<void> => {
  const outs = await create(inputs(given));
  assert.equal(text(given.path), given.content);
  const found = await read(outs);
  assert.deepEqual(found, outs);
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
    await roundTrip(one({ content }));
});

test("any generated content arrives and is read back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "grapheme" })),
      (content) => roundTrip(one({ content })),
    ),
    { numRuns: 10 },
  );
});

test("200 kB arrive", async () => {
  await roundTrip(one({ content: "0123456789abcde\n".repeat(12_500) }));
});

test("any name can be written to", async () => {
  const names = ["ä€😀 name.conf", "it's", '"quoted"', "a\nb", "end\n", "$HOME", "*", "-rf", "`id`", "{}"];
  for (const [index, name] of names.entries())
    await roundTrip(one({ path: server.path(`odd${index}/${name}/${name}`), check: "test -s {}" }));
});

test("candidates that a killed run left are cleaned up, and other files left alone", async () => {
  const given = one();
  const outs = await create(inputs(given));
  const folder = dirname(given.path);
  writeFileSync(`${folder}/.ha-rancher-0123abcd.app.conf`, "left");
  writeFileSync(`${folder}/.ha-rancher-0123abcd.other.conf`, "another's");
  await update(outs, inputs({ ...given, content: "new" }));
  assert.deepEqual(readdirSync(folder).sort(), [".ha-rancher-0123abcd.other.conf", "app.conf"]);
});

test("an empty folder of the project's own goes with its last file", async () => {
  const outs = await create(inputs(one({ path: server.path("own/ha-rancher/a") })));
  const other = await create(inputs(one({ path: server.path("own/ha-rancher/b") })));
  await files.delete("id", outs);
  assert.ok(existsSync(server.path("own/ha-rancher")));
  await files.delete("id", other);
  assert.ok(!existsSync(server.path("own/ha-rancher")));
  assert.ok(existsSync(server.path("own")));
});

test("an afterDelete that fails is an error, and is repeated though the file is gone", async () => {
  const outs = await create(inputs(one({ afterDelete: `${scratch.note("gone")}; exit 3` })));
  await failure(files.delete("id", outs));
  await failure(files.delete("id", outs));
  assert.equal(scratch.notes("gone").length, 2);
});

test("another way to log in is only stored; another machine at the same address gets the file", async () => {
  const given = one({ afterWrite: scratch.note("moved") });
  const outs = await create(inputs(given));
  server.commands.length = 0;
  const unreachable = { ...given, ssh: { ...given.ssh, port: 1, keyFile: "/elsewhere" } };
  assert.deepEqual(await update(outs, inputs(unreachable)), outputs(unreachable));
  assert.deepEqual(server.commands, []);

  const another = await new TestServer().start();
  try {
    const path = another.path("etc/app.conf");
    const moved = { ...given, ssh: another.endpoint, path };
    await update(outputs({ ...given, path }), inputs(moved));
    assert.equal(text(path), "one\n");
    assert.equal(scratch.notes("moved").length, 2);
  } finally {
    await another.stop();
  }
});

test("a machine that is off is an error with the way out, and leaves nothing in the state", async () => {
  const off = await new TestServer().start();
  const given = one({ ssh: { ...off.endpoint, hostKey: "ssh-ed25519 AAAA" } });
  const error = await failure(create(inputs(given)));
  assert.match(error.message, /app.conf: .*not the machine that was pinned/);
  assert.equal(error.id, undefined);
  const wayOut = await failure(files.delete("id", outputs(given)));
  assert.match(wayOut.message, /gone for good.*`pulumi state delete`/);
  await off.stop();
});

test("no error shows the content or the key", async () => {
  const given = one({ content: "s3cret-content", check: "exit 1 # {}" });
  const errors = [
    await failure(create(inputs(given))),
    await failure(create(inputs({ ...given, check: undefined, afterWrite: "exit 1" }))),
    await failure(create(inputs({ ...given, owner: "nobody-of-that-name:nogroup" }))),
  ];
  for (const { message } of errors) {
    assert.doesNotMatch(message, /s3cret/);
    assert.doesNotMatch(message, /PRIVATE/);
  }
  for (const command of server.commands) assert.doesNotMatch(command, /s3cret/);
});
