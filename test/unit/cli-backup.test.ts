import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { activeNode, surplus, userPath } from "../../cli/backup";
import type { NodeReport } from "../../cli/node-report";
import { restoringNode } from "../../cli/restore";
import { withEnvironment } from "./cli-support";

const node = (name: string, status: Partial<NonNullable<NodeReport["status"]>> = {}): NodeReport => ({
  name,
  address: "192.168.56.11",
  status: { holdsVip: false, ...status },
});
const gone: NodeReport = { name: "gone", address: "192.168.56.12", error: "it does not answer" };

test("the newest backups stay, and what has another name is not touched", () => {
  const names = [
    "rancher-20260102T000000Z.tar",
    "notes.tar",
    "rancher-20260101T000000Z.tar",
    "rancher-1.tar",
  ];
  assert.deepEqual(surplus(names, 1), ["rancher-20260101T000000Z.tar"]);
  assert.deepEqual(surplus(names, 2), []);
});

test("a path is the user's, from where npm was called", (t) => {
  withEnvironment(t, { INIT_CWD: "/home/me" });
  assert.equal(userPath("a.tar"), join("/home/me", "a.tar"));
  assert.equal(userPath("/b.tar"), "/b.tar");
});

test("a backup is the serving node's; without one it is refused with each node's reason", () => {
  assert.equal(
    activeNode([
      node("one", { guard: { state: "STANDBY" } }),
      node("two", { guard: { state: "ACTIVE" } }),
      gone,
    ]),
    "two",
  );
  assert.throws(
    () => activeNode([node("one", { guard: { state: "STARTING", reason: "the container runs" } }), gone]),
    /no node serves.*one: the container runs; gone: it does not answer/,
  );
});

test("a restore goes to who has the lease, else the VIP, else to one that is fit", () => {
  const standby = node("standby", { guard: { state: "STANDBY" } });
  const holder = node("holder", { holdsVip: true });
  const owner = node("owner", { lease: { heldHere: true } });
  assert.equal(restoringNode([standby, holder, owner, gone]), "owner");
  assert.equal(restoringNode([standby, gone, holder]), "holder");
  assert.equal(restoringNode([gone, standby]), "standby");
  assert.throws(
    () => restoringNode([gone, node("stopped", { guard: { state: "STOPPED", reason: "no guard runs" } })]),
    /no node can restore.*stopped: no guard runs/,
  );
});
