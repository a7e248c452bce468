import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { awaitTurn } from "../../cli/pulumi/turn";
import { livesSince } from "../../local/process";
import { locksOn } from "../../local/pulumi/locks";
import { ownHome, put, temporaryFolder } from "./cli-support";

/** Of this test alone: what works on a stack of this machine does not concern it. */
const stack = `turn-${process.pid}`;

/** A process that stands for `pulumi`. */
async function standIn(t: TestContext): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  return { child, pid: child.pid as number };
}

function locked(t: TestContext, lock: { pid: number; hostname?: string; timestamp?: string }) {
  ownHome(t);
  const folder = temporaryFolder(t);
  const file = put(
    join(folder, ".pulumi", "locks", "organization", "ha-rancher", stack, "one.json"),
    JSON.stringify({ hostname: hostname(), timestamp: new Date().toISOString(), username: "x", ...lock }),
  );
  const said: string[] = [];
  const turn = (wait: boolean): Promise<void> =>
    awaitTurn({ url: `file://${folder}`, local: true }, stack, {
      wait,
      again: "npm run up -- --wait",
      say: (line) => void said.push(line),
    });
  return { file, said, turn, backend: { url: `file://${folder}`, local: true } };
}

test("a run that goes on is said with process and time, and its lock stays", async (t) => {
  const { pid } = await standIn(t);
  const { file, turn } = locked(t, { pid, timestamp: "2099-11-29T18:06:38.5Z" });
  await assert.rejects(turn(false), (error: Error) => {
    const time = /since \d{4}-\d\d-\d\d \d\d:\d\d:38/.exec(error.message);
    assert.ok(time, error.message);
    assert.match(
      error.message,
      new RegExp(`^\`pulumi\` of process ${pid}, since .*, still runs on the stack \`${stack}\``),
    );
    assert.match(error.message, /`npm run up -- --wait` waits for it; `kill -INT \d+` ends it in order$/);
    assert.doesNotMatch(error.message, /lock|cancel/);
    return true;
  });
  assert.ok(existsSync(file));
});

test("a run can be waited for: until it has given its lock back, or was killed", async (t) => {
  const one = await standIn(t);
  const free = locked(t, { pid: one.pid });
  setTimeout(() => rmSync(free.file), 700);
  await free.turn(true);
  assert.match(free.said.join(), /still runs on the stack \S+: waiting for it$/);

  const killed = locked(t, { pid: one.pid });
  const waiting = killed.turn(true);
  setTimeout(() => one.child.kill("SIGKILL"), 300);
  await waiting;
  assert.ok(!existsSync(killed.file));
  assert.match(killed.said.at(-1) ?? "", /^Removed the lock of a Pulumi process that was killed$/);
});

test("a lock whose number another process has by now is of a run that is gone", async (t) => {
  const { pid } = await standIn(t);
  const { file, turn, backend } = locked(t, { pid, timestamp: "2001-01-01T00:00:00Z" });
  assert.equal(locksOn(backend, stack)[0]?.process, "gone");
  await turn(false);
  assert.ok(!existsSync(file));
});

test("a lock of another machine is nobody's to judge here", async (t) => {
  const { file, turn } = locked(t, { pid: 999_999_999, hostname: "another.example" });
  await assert.rejects(turn(false), /process 999999999 on another\.example, since .* waits for it$/);
  assert.ok(existsSync(file));
});

test("a process that has ended and that nobody has reaped is gone", () => {
  // Its parent never asks for it.
  const script = "sleep 0 & echo $!; exec sleep 2";
  const shell = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise<void>((resolve, reject) => {
    shell.stdout.once("data", (text: Buffer) => {
      const pid = Number(text.toString());
      setTimeout(() => {
        try {
          assert.equal(spawnSync("kill", ["-0", String(pid)]).status, 0, "it is a zombie");
          assert.equal(livesSince(pid, Date.now()), false);
          resolve();
        } catch (error) {
          reject(error);
        } finally {
          shell.kill("SIGKILL");
        }
      }, 300);
    });
  });
});
