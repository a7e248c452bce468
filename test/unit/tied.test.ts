import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endMarked, marked } from "../../local/marked";
import { spawnTied } from "../../local/tied";

const isThere = (pid: number): boolean => {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

async function gone(pids: number[]): Promise<void> {
  const end = Date.now() + 10_000;
  while (pids.some(isThere)) {
    assert.ok(Date.now() < end, `${pids.filter(isThere).join(", ")} still run`);
    await sleep(20);
  }
}

/** A program that starts two children without an end, one of them a shell with a child, and tells their ids. */
const parent = `
const { spawnTied } = require(${JSON.stringify(require.resolve("../../local/tied.js"))});
const plain = spawnTied("sleep", ["600"], { stdio: "ignore" });
const shell = spawnTied("sh", ["-c", "trap '' TERM INT HUP; sleep 600 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
spawnTied("true", [], { stdio: "ignore" });
shell.stdout.once("data", (text) => console.log(JSON.stringify([plain.pid, shell.pid, Number(text)])));
if (process.argv[1] === "soon") shell.stdout.once("data", () => setTimeout(() => process.exit(), 300));
`;

for (const [how, args] of [
  ["is killed", []],
  ["ends by itself", ["soon"]],
] as const)
  test(`children without an end do not outlive a parent that ${how}`, async (t) => {
    const child = spawn(process.execPath, ["-e", parent, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const pids = JSON.parse(String(text)) as number[];
    t.after(() => {
      for (const pid of pids.filter(isThere)) process.kill(pid, "SIGKILL");
    });
    assert.equal(pids.length, 3);
    if (args.length === 0) {
      await sleep(300);
      assert.deepEqual(pids.filter(isThere), pids, "they live as long as the parent does");
      child.kill("SIGKILL");
    }
    await once(child, "exit");
    await gone(pids);
  });

test("a program that cannot be started says so as any other does", async () => {
  const [error] = (await once(spawnTied("/no/such/program", [], {}), "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ENOENT");
});

test("marked processes are found and ended, whatever became of their parents and groups", async () => {
  const value = `test-${process.pid}`;
  const script = "trap '' TERM; (setsid sleep 600 >/dev/null &); echo up; sleep 600; exit";
  const env = { ...process.env, HA_RANCHER_OF_A_TEST: `${value}:one` };
  const child = spawn("bash", ["-c", script], { env, detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const find = (beginning: string) => marked("HA_RANCHER_OF_A_TEST", beginning);
  while (find(value).length < 3) await sleep(20);
  assert.deepEqual(find(`${value}0`), [], "another's");
  assert.ok(find(value).every((each) => each.value === `${value}:one`));
  assert.ok(find(value).some(({ command }) => command === "sleep 600"));
  const ended = await endMarked("HA_RANCHER_OF_A_TEST", value, 500);
  assert.ok(ended.length >= 3, `${ended.length} processes`);
  assert.deepEqual(find(value), []);
});
