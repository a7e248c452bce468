import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { alive, bootId, end, namespaceOf, processesIn } from "../../lab/process";

const folder = mkdtempSync(join(tmpdir(), "lab-process-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Starts a process with a known argument and notes it in a pid file. */
async function start(script: string): Promise<{ pid: number; pidFile: string; child: ChildProcess }> {
  const child = spawn("bash", ["-c", `${script}\n`, "the-argument"], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  if (child.stdout) await once(child.stdout, "data");
  const pidFile = join(folder, `${child.pid}.pid`);
  writeFileSync(pidFile, `${child.pid}\n`);
  return { pid: child.pid ?? 0, pidFile, child };
}

const own = namespaceOf("self") ?? 0;

test("a pid counts only in its namespace and with its argument", async () => {
  const { pid, pidFile } = await start("echo up; while :; do sleep 1; done");
  assert.equal(alive(pidFile, "the-argument", own), pid);
  writeFileSync(pidFile, `${pid}\n7\n`);
  assert.equal(alive(pidFile, "the-argument", own), pid, "written over a longer number");
  assert.equal(alive(pidFile, "the-arg", own), undefined, "a part of an argument");
  assert.equal(alive(pidFile, "another", own), undefined, "a recycled pid");
  assert.equal(alive(pidFile, "the-argument", own + 1), undefined, "another namespace");
  assert.ok(processesIn(own).includes(pid));
});

test("pid files that are missing, empty or name no process count as none", () => {
  const file = join(folder, "bad.pid");
  assert.equal(alive(file, "x", own), undefined);
  for (const text of ["", "abc", "0", "-1", "1", "4194305", "12 34"]) {
    writeFileSync(file, text);
    assert.equal(alive(file, "x", own), undefined, JSON.stringify(text));
  }
});

test("a process that heeds SIGTERM ends by it, one that does not ends by SIGKILL after the grace time", async () => {
  const gentle = await start("echo up; exec sleep 60");
  await end(gentle.pid, () => gentle.child.exitCode === null && gentle.child.signalCode === null);
  assert.equal(gentle.child.signalCode, "SIGTERM");

  const stubborn = await start("trap '' TERM; echo up; while :; do sleep 0.1; done");
  const begun = Date.now();
  await end(stubborn.pid, () => stubborn.child.signalCode === null, 300);
  assert.equal(stubborn.child.signalCode, "SIGKILL");
  assert.ok(Date.now() - begun >= 300);
});

test("the running system has an identity", () => {
  assert.match(bootId(), /^[0-9a-f-]{36}$/);
});
