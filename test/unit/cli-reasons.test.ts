import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createColors } from "picocolors";
import { tell } from "../../cli/actions/up";
import { reportOf } from "../../cli/status-report";
import { statusTable } from "../../cli/ui/status-table";
import { frame } from "../../cli/watch";
import { packageRoot } from "../../local/root";
import type { NodeReport } from "../../stack/node-report";
import { no, node, serving, silent, waiting, yes } from "./reported-nodes";

const plain = createColors(false);
const said = (base: typeof serving | typeof waiting, reason: string, more: object = {}) => ({
  ...base,
  agent: { ...base.agent, reason, ...more },
});
const first = said(waiting, "nothing was left by an agent before");
const second = said(serving, "the service is well");
const reported = (nodes: NodeReport[], ping: typeof yes | typeof no = yes) =>
  reportOf("reasons", { vip: "192.168.56.10", url: "https://192.168.56.10" }, { nodes, ping });
/** Of no stack that there is: whoever works on one is named in its report. */
const healthy = reported([node("rancher-1", first), node("rancher-2", second)]);

test("where all is well, the screen has what README shows: the table and the verdict", () => {
  const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
  const [, screen = ""] = /\n\$ npm run status\n([^`]+)\n```/.exec(readme) ?? [];
  const words = (line: string): string => (line.split("  ")[0] ?? "").replace(/:.*/, "");
  const lines = statusTable(healthy, plain).split("\n");
  assert.deepEqual(lines.map(words), screen.replace(/^dev/, healthy.stack).split("\n").map(words));
  assert.equal(lines.at(-1), "healthy: rancher-2 has the VIP and serves");
  // And so has each frame of a watch.
  assert.deepEqual(frame(healthy, [], 24, plain).split("\n").slice(0, lines.length), lines);
});

test("an update of what is well ends with one line on how it is", (t) => {
  const write = t.mock.method(process.stdout, "write", () => true);
  assert.equal(tell(healthy), 0);
  const told = write.mock.calls.map(({ arguments: [text] }) => String(text)).join("");
  write.mock.restore();
  assert.match(
    told,
    /^[^\n]*healthy: rancher-2 has the VIP and serves; rancher-1 is ready to take over[^\n]*\n$/,
  );
});

for (const [what, nodes, ping, reasons] of [
  [
    "of an agent that is on its way, and not of those in their places",
    [
      node("a", second),
      node("b", first),
      node("c", said(waiting, "told to", { state: "unmounting" })),
      silent("d"),
    ],
    yes,
    ["c: told to"],
  ],
  [
    "of all, where nobody serves",
    [node("a", said(waiting, "the lock is lost")), node("b", first)],
    no,
    ["a: the lock is lost", "b: nothing was left by an agent before"],
  ],
  [
    "once: not what the verdict has said",
    [node("a", { ...said(serving, "waits for b", { state: "contending" }), lease: {} }), node("b", first)],
    no,
    ["b: nothing was left by an agent before"],
  ],
  [
    "of a fault before that of the state",
    [node("a", said(waiting, "an old one", { fault: "Docker does not answer" })), node("b", first)],
    no,
    ["a: Docker does not answer", "b: nothing was left by an agent before"],
  ],
] as const)
  test(`reasons are shown ${what}`, () => {
    const report = reported([...nodes], ping);
    assert.notEqual(report.state, "healthy");
    assert.deepEqual(report.reasons, reasons);
    const table = statusTable(report, plain);
    for (const reason of reasons) assert.ok(table.includes(`\n${reason}\n`), table);
  });
