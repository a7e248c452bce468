import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { statusTable } from "../../cli/ui/status-table";
import type { KnownNode } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { TestServer } from "./remote-server";

/* A node that fails, hangs or talks for ever when it is asked how it is: one row, and an answer in time. */

const server = new TestServer();
before(async () => {
  await server.start();
  writeFileSync(server.path("key"), server.endpoint.privateKey);
});
after(() => server.stop());

const plain = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof statusTable>[1];

/** What is shown of a node whose programs all are this one. */
async function shownOf(program: string, timeout = 20_000): Promise<{ error: string; rows: string[] }> {
  writeFileSync(server.path("bin/sudo"), `#!/bin/sh\necho $$ >${server.path("pid")}\n${program}\n`);
  chmodSync(server.path("bin/sudo"), 0o755);
  const { host, port, user, keyFile, hostKey, knownHostsFile } = server.endpoint;
  const node = {
    name: "one",
    address: host,
    host,
    port,
    user,
    keyFile,
    hostKey,
    knownHostsFile,
  } as KnownNode;
  const nodes = await askNodes([node], timeout);
  try {
    process.kill(Number(readFileSync(server.path("pid"), "utf8")), "SIGKILL");
  } catch {
    // It has ended by itself.
  }
  const about = { stack: "s", vip: "v", url: "u", healthy: false, state: "down", message: "m" };
  const table = statusTable(
    { ...about, remarks: [], reasons: [], holders: [], ping: { ok: false }, nodes } as never,
    plain,
  );
  return {
    error: nodes[0]?.error ?? "",
    rows: table.split("\n").filter((line) => /\bone\b|127\.0\.0\.1/.test(line)),
  };
}

for (const [what, program, says] of [
  [
    "fails with a forged row",
    "printf '\\033[2J\\033]0;x\\007\\r two  127.0.0.1  active\\n two 127.0.0.1\\n' >&2; exit 1",
    /ended with code 1/,
  ],
  ["fails with much", "yes 'two 127.0.0.1' | head -c 300000 >&2; exit 3", /ended with code 3/],
  ["prints no report", "printf '\\033[2Jhello'", /printed no JSON: hello/],
  ["talks for ever", "exec yes", /more than/],
] as const)
  test(`a node that ${what} has one row, without control characters`, async () => {
    const { error, rows } = await shownOf(program);
    assert.match(error, says);
    assert.ok(error.length < 9_000);
    assert.doesNotMatch(error.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.equal(rows.length, 1, rows.join("\n"));
    assert.doesNotMatch(rows[0] ?? "", /[\p{Cc}\p{Cf}]/u);
  });

test("a node that says nothing is given up in time", async () => {
  const begun = Date.now();
  const { error } = await shownOf("exec sleep 60", 3_000);
  assert.ok(Date.now() - begun < 30_000);
  assert.notEqual(error, "");
});
