import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  isDraftOf,
  readJson,
  writeAtomically,
  writeAtomicallySync,
  writeIfChanged,
  writePrivate,
} from "../../local/files";
import { temporaryFolder } from "./cli-support";

const modeOf = (file: string): number => statSync(file).mode & 0o777;

test("a file and the folders above it are made, with the mode that is asked for", async (t) => {
  const file = join(temporaryFolder(t), "a", "b", "file");
  await writeAtomically(file, "one");
  assert.equal(readFileSync(file, "utf8"), "one");
  assert.equal(modeOf(file), 0o644);
  chmodSync(file, 0o666);
  await writePrivate(file, "secret");
  assert.equal(modeOf(file), 0o600);
  writeAtomicallySync(file, Buffer.from("three"));
  assert.equal(readFileSync(file, "utf8"), "three");
  assert.deepEqual(readdirSync(join(file, "..")), ["file"]);
});

test("what has not changed is not written", async (t) => {
  const file = join(temporaryFolder(t), "file");
  assert.equal(await writeIfChanged(file, "one"), true);
  const { ino } = statSync(file);
  assert.equal(await writeIfChanged(file, "one"), false);
  assert.equal(statSync(file).ino, ino);
});

test("a reader, and a writer that is killed, find the old content or the new one", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "file");
  const program = `const { writeAtomicallySync } = require(${JSON.stringify(require.resolve("../../local/files"))});
    for (let i = 0; ; i++) writeAtomicallySync(${JSON.stringify(file)}, String(i % 10).repeat(200_000));`;
  const child = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const contents = new Set<string>();
  try {
    while (!existsSync(file)) await sleep(5);
    for (let i = 0; i < 50; i++) {
      const text = readFileSync(file, "utf8");
      assert.equal(text, text.slice(0, 1).repeat(200_000));
      contents.add(text.slice(0, 1));
      await sleep(2);
    }
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
  assert.ok(contents.size > 1, "the writer wrote nothing while the reader looked");
  const text = readFileSync(file, "utf8");
  assert.equal(text, text.slice(0, 1).repeat(200_000));
  for (const name of readdirSync(folder))
    assert.ok(name === "file" || isDraftOf(file, name), `${name} is no draft of ${file}`);
});

test("JSON is read where there is some", async (t) => {
  const file = join(temporaryFolder(t), "file");
  assert.equal(await readJson(file), undefined);
  writeFileSync(file, "{");
  assert.equal(await readJson(file), undefined);
  writeFileSync(file, '{"a":1}');
  assert.deepEqual(await readJson(file), { a: 1 });
});
