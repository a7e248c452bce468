import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { programOf } from "../../cli/main";
import { type CommandLine, onNodes } from "../../cli/on-nodes";
import { working } from "../../cli/pulumi/turn";
import { whyUnreached } from "../../cli/unreached";
import { activityOn, during } from "../../local/activity";
import { dataHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { forgetMaker, otherMaker, recordMaker } from "../../stack/makers";
import { ownHome, put } from "./cli-support";

const backend = { url: "file:///nonexistent", local: true };
let count = 0;

/** A stack of this test alone: its records are in the clone, too. */
function ownStack(t: TestContext): string {
  ownHome(t);
  const stack = `activity-${process.pid}-${count++}`;
  t.after(() => {
    for (const name of [`${stack}.json`, `${stack}.activity.json`])
      rmSync(join(packageRoot, ".stacks", name), { force: true });
  });
  return stack;
}

/** Another process that works on a stack, as its record in one of the folders says. */
async function other(
  t: TestContext,
  stack: string,
  changes: object = {},
  folder = join(dataHome(), "activity"),
): Promise<{ child: ChildProcess; file: string }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const record = {
    command: "up",
    pid: child.pid,
    user: "ann",
    host: hostname(),
    since: Date.now(),
    ...changes,
  };
  return { child, file: put(join(folder, `${stack}.activity.json`), JSON.stringify(record)) };
}

const never = async (): Promise<void> => assert.fail("nobody works on it");

test("what a command does is seen while it does it, by its process alone no longer", async (t) => {
  const stack = ownStack(t);
  const file = join(dataHome(), "activity", `${stack}.activity.json`);
  const clone = join(packageRoot, ".stacks", `${stack}.activity.json`);
  const result = await during(stack, "backup", never, async () => {
    const record = JSON.parse(readFileSync(file, "utf8"));
    assert.equal(record.command, "backup");
    assert.equal(record.pid, process.pid);
    assert.ok(existsSync(clone), "for other users of the clone");
    assert.equal(activityOn(stack), undefined, "our own is none");
    return 7;
  });
  assert.equal(result, 7);
  assert.ok(!existsSync(file) && !existsSync(clone));
  await assert.rejects(
    during(stack, "backup", never, () => Promise.reject(new Error("x"))),
    /^Error: x$/,
  );
  assert.ok(!existsSync(file));
});

test("another user's is seen in the clone; one whose process is gone, or that is no record, is none", async (t) => {
  const stack = ownStack(t);
  const { child } = await other(t, stack, {}, join(packageRoot, ".stacks"));
  assert.equal(activityOn(stack)?.user, "ann");
  child.kill("SIGKILL");
  await once(child, "close");
  assert.equal(activityOn(stack), undefined);
  put(join(dataHome(), "activity", `${stack}.activity.json`), '{"command": 1}');
  assert.equal(activityOn(stack), undefined);
  assert.equal(
    await during(stack, "up", never, async () => 1),
    1,
    "what is left of others is in nobody's way",
  );
});

test("a command that works refuses while another one does, and says which, whose and since when; or waits", async (t) => {
  const stack = ownStack(t);
  const { child } = await other(t, stack, { since: new Date(2099, 10, 30, 18, 6, 38).getTime() });
  const said: string[] = [];
  const turn = { again: "npm run backup -- --wait", say: (line: string) => void said.push(line) };
  await assert.rejects(
    working(backend, stack, "backup", turn, never),
    new RegExp(
      `^Failure: \`up\` of ann \\(process ${child.pid}\\), since 2099-11-30 18:06:38, still runs on the stack \`${stack}\`\\. \`npm run backup -- --wait\` waits for it`,
    ),
  );
  setTimeout(() => child.kill("SIGKILL"), 300);
  assert.equal(await working(backend, stack, "backup", { ...turn, wait: true }, async () => 3), 3);
  assert.match(said.join(), /still runs on the stack .*: waiting for it$/);
});

test("on nodes, what works refuses beside another, and what looks does so", async (t) => {
  const stack = ownStack(t);
  await other(t, stack);
  const line: CommandLine = {
    argv: [],
    placeOf: async () => ({
      kind: "here",
      known: { vip: "", url: "", answers: { path: "/ping" }, nodes: [] },
      machines: [],
    }),
    againInside: never as never,
  };
  let ran = 0;
  const action = async (): Promise<number> => {
    ran += 1;
    return 0;
  };
  await assert.rejects(
    onNodes(line, stack, action, { work: "backup" }),
    new RegExp(`\`npm run backup -- --stack ${stack} --wait .*\` waits for it`),
  );
  assert.equal(ran, 0);
  await onNodes(line, stack, action);
  assert.equal(ran, 1);
});

/** The calls of all commands that change something on nodes. */
const changing: readonly string[][] = [
  ["switchover"],
  ["maintenance", "a", "on"],
  ["patch"],
  ["upgrade", "v2.14.3"],
  ["backup"],
  ["restore", "archive.tar", "--yes"],
  ["drill", "--quick"],
  ["pause", "a reason"],
  ["resume"],
  ["stop", "a reason"],
  ["start"],
  ["ban", "a", "a reason"],
  ["allow", "a"],
  ["prefer", "a"],
  ["failures", "--clear"],
  ["power-off", "a", "--yes"],
  ["power-on", "a"],
];

for (const worker of ["drill", "up", "restore"])
  test(`beside a ${worker}, whatever changes something is refused, and says who works since when`, async (t) => {
    const stack = ownStack(t);
    await other(t, stack, { command: worker });
    let asked = 0;
    // A place whose nodes nobody may ask.
    const known = {
      vip: "",
      url: "",
      answers: { path: "/ping" },
      get nodes(): never[] {
        asked += 1;
        return [];
      },
    };
    const line: CommandLine = {
      argv: [],
      placeOf: async () => ({ kind: "here", known, machines: [] }),
      againInside: never as never,
    };
    for (const call of changing)
      await assert.rejects(
        programOf(line).parseAsync([...call, "--stack", stack], { from: "user" }),
        {
          name: "Failure",
          message: new RegExp(
            `^\\\`${worker}\\\` of ann \\(process \\d+\\), since \\d{4}-.*, still runs on the stack \\\`${stack}\\\`\\. \\\`npm run ${call[0]} -- --stack ${stack} --wait`,
          ),
        },
        call.join(" "),
      );
    assert.equal(asked, 0);
    process.exitCode = 0;
  });

test("two that begin at once do not both work", async (t) => {
  const stack = ownStack(t);
  await during(stack, "up", never, async () => {
    // The same process counts as nobody else: another one looks.
    const program = `
      const { during } = require(${JSON.stringify(join(packageRoot, "dist", "local", "activity.js"))});
      during(${JSON.stringify(stack)}, "down", async ({ command }) => { console.log("busy " + command); process.exit(0); }, async () => console.log("both"));`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    for await (const piece of child.stdout) text += piece;
    assert.equal(text, "busy up\n");
  });
});

test("not there, another user's, and being made are three different texts", async (t) => {
  const stack = ownStack(t);
  const said = (): string => whyUnreached(stack, { state: "not-up" });
  assert.equal(said(), `the stack \`${stack}\` is not up: \`npm run up -- --stack ${stack}\` makes it`);
  recordMaker(stack);
  assert.match(said(), /is not up/, "our own record says nothing: the state does");
  const data = dataHome();
  put(join(packageRoot, ".stacks", `${stack}.json`), JSON.stringify({ user: "ann", data: "/home/ann/x" }));
  assert.match(
    said(),
    /was made by ann, whose home has its state \(\/home\/ann\/x\): run this as ann, and not as /,
  );
  assert.deepEqual(otherMaker(stack), { user: "ann", data: "/home/ann/x" });
  assert.notEqual(data, "/home/ann/x");
  forgetMaker(stack);
  const { file } = await other(t, stack);
  assert.match(
    said(),
    /is being made, and no node is there yet: `up` of ann \(process \d+\), since .*, still runs on the stack/,
  );
  put(file, readFileSync(file, "utf8").replace('"up"', '"down"'));
  assert.match(said(), /is being removed, and no node is there any more: `down` of ann/);
});
