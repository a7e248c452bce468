import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { TestServer } from "../unit/remote-server";

/*
 * The agents of two nodes as a resource of the real Pulumi: SSH servers on the loopback in place of nodes, and a few lines
 * in place of what starts agents there. Each test goes on from where the one before it stopped.
 */

/** The file `agent` has the version that runs, `serves` is there where it has the lease, and `broken` lets it not start. */
const sudo = `#!/bin/sh
shift
case "$*" in
  *host/agent-state*)
    if [ -e serves ]; then serves=true; else serves=false; fi
    if [ -e agent ]; then agent='{"state":"standby","version":"'$(cat agent)'"}'; else agent='{"state":"stopped","version":null}'; fi
    echo '{"status":{"agent":'"$agent"',"lease":{"heldHere":'$serves'},"stale":false},"enabled":true,"former":false,"formerServes":false}'
    ;;
  *host/start-agent*)
    if [ -e broken ]; then echo 'it does not start' >&2; exit 1; fi
    if [ -e agent ]; then was=restarted; else was=started; fi
    echo 1 >agent
    echo "start \${PWD##*/}" >>"$ROLLOUT_LOG"
    echo '{"version":"1","was":"'$was'","leaseVersion":null}'
    ;;
  *host/stop-agent*)
    rm -f agent
    echo "stop \${PWD##*/}" >>"$ROLLOUT_LOG"
    ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

const servers = new Map(["one", "two"].map((name) => [name, new TestServer()]));
let stack: TestStack;

const server = (name: string): TestServer => servers.get(name) ?? assert.fail(name);
const touch = (name: string, file: string): void => writeFileSync(server(name).path(file), "");

/** What was done since the last time, by node. */
function takeLog(): string[] {
  const file = join(stack.folder, "log");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  rmSync(file, { force: true });
  const names = new Map([...servers].map(([name, { directory }]) => [directory.replace(/^.*\//, ""), name]));
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => line.replace(/\S+$/, (folder) => names.get(folder) ?? folder));
}

function write(source: Record<string, string>, names = ["one", "two"]): void {
  const endpoints = Object.fromEntries(names.map((name) => [name, server(name).endpoint]));
  writeFileSync(join(stack.folder, "rollout.json"), JSON.stringify({ endpoints, source }));
}

before(async () => {
  for (const each of servers.values()) {
    writeFileSync(each.path("bin/sudo"), sudo);
    chmodSync(each.path("bin/sudo"), 0o755);
    await each.start();
  }
  stack = await TestStack.make("rollout", undefined, join(__dirname, "rollout-program.js"));
  process.env.ROLLOUT_LOG = join(stack.folder, "log");
  write({ one: "a", two: "a" });
});

after(async () => {
  delete process.env.ROLLOUT_LOG;
  await stack?.close();
  for (const each of servers.values()) await each.stop();
});

test("a preview touches nothing; up starts all agents, and a second one finds nothing to do", async () => {
  assert.equal((await stack.pulumi("preview")).code, 0);
  for (const each of servers.values()) assert.equal(each.logins, 0);
  await stack.mustUp();
  assert.deepEqual(takeLog().sort(), ["start one", "start two"]);
  await stack.mustUp("--expect-no-changes");
  await stack.mustRefresh();
  await stack.mustBeUnchanged();
  assert.deepEqual(takeLog(), []);
});

test("how to log in is nowhere in the state in clear", () => {
  for (const { endpoint } of servers.values()) {
    const [, middle = ""] = endpoint.privateKey.split("\n");
    assert.ok(middle.length > 40);
    assert.equal(stack.stateText().includes(middle), false);
  }
});

test("a change comes to the owner last, and only to who has it", async () => {
  touch("one", "serves");
  write({ one: "b", two: "b" });
  await stack.mustUp();
  assert.deepEqual(takeLog(), ["start two", "start one"]);
  write({ one: "b", two: "c" });
  await stack.mustUp();
  assert.deepEqual(takeLog(), ["start two"]);
});

test("a node that cannot be changed stops it, is named, and the next up goes on there", async () => {
  touch("two", "broken");
  write({ one: "d", two: "d" });
  const { code, text } = await stack.up();
  assert.notEqual(code, 0);
  assert.match(text, /two cannot be changed; one is as before: it does not start/);
  assert.deepEqual(takeLog(), []);
  rmSync(server("two").path("broken"));
  await stack.mustUp();
  assert.deepEqual(takeLog(), ["start two", "start one"]);
  await stack.mustUp("--expect-no-changes");
});

test("an agent that does not run, or is another version, is drift, and mended", async () => {
  for (const break_ of [
    () => rmSync(server("two").path("agent")),
    () => writeFileSync(server("two").path("agent"), "0"),
  ]) {
    break_();
    assert.notEqual((await stack.pulumi("refresh", "--yes", "--expect-no-changes")).code, 0);
    await stack.mustUp();
    assert.deepEqual(takeLog(), ["start two"]);
    await stack.mustRefresh();
    await stack.mustBeUnchanged();
  }
});

test("a node that leaves is stopped, and one that does not answer keeps nothing from being destroyed", async () => {
  write({ one: "d" }, ["one"]);
  await stack.mustUp();
  assert.deepEqual(takeLog(), ["stop two"]);
  write({ one: "d", two: "d" });
  await stack.mustUp();
  assert.deepEqual(takeLog(), ["start two"]);
  await server("two").pause();
  const { code, text } = await stack.pulumi("destroy", "--yes");
  assert.equal(code, 0, text);
  assert.deepEqual(takeLog(), ["stop one"]);
});
