import assert from "node:assert/strict";
import { test } from "node:test";
import { createColors } from "picocolors";
import { PlainDisplay, ScreenDisplay } from "../../cli/pulumi/progress/display";
import { engineEvent, stepOf } from "../../cli/pulumi/progress/events";
import { Progress } from "../../cli/pulumi/progress/progress";
import { quiet } from "../../cli/pulumi/progress/quiet";

const urn = (type: string, name: string): string => `urn:pulumi:dev::ha-rancher::${type}::${name}`;
const machine = "pulumi-nodejs:dynamic/vagrant:Machine";
const files = "pulumi-nodejs:dynamic/remote:Files";

const step = (kind: string, op: string, type: string, name: string, custom = true) =>
  engineEvent(
    JSON.stringify({
      sequence: 1,
      [kind]: { metadata: { op, urn: urn(type, name), type, old: null, new: { custom } } },
    }),
  ) ?? assert.fail();

const said = (message: string, severity = "info", more: object = {}) =>
  engineEvent(JSON.stringify({ sequence: 1, diagnosticEvent: { message, severity, ...more } })) ??
  assert.fail();

/** A display that keeps what it wrote. */
function kept(Kind: typeof PlainDisplay | typeof ScreenDisplay) {
  let text = "";
  const output = {
    columns: 60,
    write: (piece: string) => {
      text += piece;
    },
  };
  const display = new Kind(output, createColors(false));
  let now = performance.now();
  const progress = new Progress(display, () => now);
  const later = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { display, progress, later, text: () => text };
}

test("lines of Pulumi are events, or none", () => {
  assert.ok(engineEvent('{"sequence":0,"timestamp":1,"preludeEvent":{"config":{}}}'));
  for (const line of ["", "error: no", "{", '{"x":1}', "[]", "null"])
    assert.equal(engineEvent(line), undefined, line);
});

test("what is done only in Pulumi's books is no step, nor is what stays", () => {
  const of = (op: string, type: string, custom: boolean | undefined = true) =>
    stepOf({ op, urn: urn(type, "x"), type, new: { custom } });
  assert.equal(of("same", machine), undefined);
  assert.equal(of("create", "ha-rancher:index:HaRancher", false), undefined);
  assert.equal(
    stepOf({ op: "delete", urn: urn("a:b:C", "x"), type: "a:b:C", old: {}, new: null }),
    undefined,
  );
  assert.equal(of("create", "pulumi:providers:docker"), undefined);
  assert.equal(of("create", "pulumi:pulumi:Stack", false), undefined);
  assert.equal(of("create", machine)?.kind, "Machine");
  assert.equal(
    stepOf({ op: "delete", urn: urn(machine, "x"), type: machine, old: { custom: true }, new: null })?.done,
    "removed",
  );
});

test("in a log each step has a line when it is over, by node, with its time", () => {
  const { display, progress, later, text } = kept(PlainDisplay);
  progress.see(step("resourcePreEvent", "create", machine, "rancher-1"));
  progress.see(step("resourcePreEvent", "create", machine, "rancher-12"));
  later(62_300);
  progress.see(step("resOutputsEvent", "create", machine, "rancher-1"));
  progress.see(step("resourcePreEvent", "update", files, "rancher-12-agent-files"));
  progress.see(said("it failed because\nof this\n", "error", { urn: urn(files, "rancher-12-agent-files") }));
  progress.see(step("resOpFailedEvent", "update", files, "rancher-12-agent-files"));
  progress.see(step("resourcePreEvent", "refresh", machine, "rancher-1"));
  progress.see(step("resOutputsEvent", "refresh", machine, "rancher-1"));
  progress.see(step("resOutputsEvent", "same", files, "rancher-1-agent-files"));
  display.close();
  assert.deepEqual(text().split("\n"), [
    "✔ rancher-1   Machine made 62.3 s",
    "  error: rancher-12-agent-files: it failed because",
    "    of this",
    "✖ rancher-12  agent-files failed 0.0 s",
    "",
  ]);
});

test("at a terminal the nodes with what runs there are below what is over, and go when it is", () => {
  const { display, progress, text } = kept(ScreenDisplay);
  progress.see(step("resourcePreEvent", "create", machine, "rancher-1"));
  progress.see(step("resourcePreEvent", "create", machine, "rancher-2"));
  assert.match(text(), /… rancher-1 {2}Machine 0 s\n… rancher-2 {2}Machine 0 s\n$/);
  progress.see(said("waits for the service", "info", { ephemeral: true }));
  assert.match(text(), / {2}waits for the service\n$/);
  progress.see(step("resOutputsEvent", "create", machine, "rancher-1"));
  // Up over the three lines, and away with them.
  assert.ok(text().includes("\u001b[3A\u001b[J✔ rancher-1  Machine made"), JSON.stringify(text()));
  assert.match(text(), /… rancher-2 {2}Machine 0 s\n {2}waits for the service\n$/);
  progress.see(step("resOutputsEvent", "create", machine, "rancher-2"));
  display.close();
  assert.ok(text().endsWith("\u001b[1A\u001b[J"), JSON.stringify(text()));
  for (const line of text().split("\n")) assert.ok(line.length <= 80);
});

test("the same is said once; what Pulumi tells for its developers, never", () => {
  const { display, progress, text } = kept(PlainDisplay);
  progress.see(said("Registering resource", "debug"));
  progress.see(said("a warning\n", "warning"));
  progress.see(said("a warning\n", "warning"));
  progress.see(said("update failed\n", "error"));
  progress.see(
    said(
      "Created symlink /etc/systemd/system/multi-user.target.wants/x → /etc/systemd/system/x.\nreal words",
    ),
  );
  display.close();
  assert.equal(text(), "  warning: a warning\n  real words\n");
});

test("policies are told with their level", () => {
  const { display, progress, text } = kept(PlainDisplay);
  const event = (enforcementLevel: string) =>
    engineEvent(
      JSON.stringify({
        sequence: 1,
        policyEvent: {
          resourceUrn: urn(machine, "a"),
          message: "too small",
          policyName: "memory",
          policyPackName: "p",
          enforcementLevel,
        },
      }),
    ) ?? assert.fail();
  progress.see(event("mandatory"));
  progress.see(event("advisory"));
  display.close();
  assert.equal(
    text(),
    "  error: a: policy memory: too small\n  warning: a: policy memory (advisory): too small\n",
  );
});

test("the end counts what was done, in Pulumi's words", () => {
  const { display, progress } = kept(PlainDisplay);
  assert.deepEqual(progress.summary(), [], "it did not come to count");
  const event = {
    sequence: 1,
    summaryEvent: { resourceChanges: { same: 3, create: 2, update: 1 }, durationSeconds: 4 },
  };
  progress.see(engineEvent(JSON.stringify(event)) ?? assert.fail());
  assert.deepEqual(progress.summary(), ["Resources:", "    2 created", "    1 updated", "    3 unchanged"]);
  display.close();
});

test("advice that would do harm here is not passed on", () => {
  for (const [message, expected] of [
    ["@ updating....", undefined],
    [
      "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///root/.pulumi/locks/organization/x/dev/1.json: created by root@h (pid 1) at 2026",
      "another run of Pulumi has taken the stack just now: with `--wait` this command waits for it",
    ],
    [
      "The resources in the stack have been deleted, but the history and configuration associated with the stack are still maintained. \nIf you want to remove the stack completely, run `pulumi stack rm dev`.",
      undefined,
    ],
    ["Removed /etc/systemd/system/multi-user.target.wants/x.service.", undefined],
    ['Removed "/etc/systemd/system/multi-user.target.wants/x.service".', undefined],
    ["Removed the old container", "Removed the old container"],
    ["one\n\n\ntwo", "one\ntwo"],
  ] as const)
    assert.equal(quiet(message), expected, message);
});
