import assert from "node:assert/strict";
import { test } from "node:test";
import { createColors } from "picocolors";
import { PlainDisplay, ScreenDisplay } from "../../cli/pulumi/progress/display";
import { engineEvent, stepOf } from "../../cli/pulumi/progress/events";
import { Places } from "../../cli/pulumi/progress/places";
import { Progress } from "../../cli/pulumi/progress/progress";
import { quiet } from "../../cli/pulumi/progress/quiet";
import { Screen } from "../terminal/screen";

const urn = (type: string, name: string): string => `urn:pulumi:dev::ha-rancher::${type}::${name}`;
/** What the resources of tests are parts of: the component whose name theirs begin with. */
const parentOf = (name: string): string =>
  urn("ha-rancher:components:X", /^ha-rancher-(machines|software|storage)/.exec(name)?.[0] ?? "ha-rancher");
const machine = "pulumi-nodejs:dynamic/vagrant:Machine";
const files = "pulumi-nodejs:dynamic/remote:Files";

const step = (kind: string, op: string, type: string, name: string, custom = true) =>
  engineEvent(
    JSON.stringify({
      sequence: 1,
      [kind]: {
        metadata: { op, urn: urn(type, name), type, old: null, new: { custom, parent: parentOf(name) } },
      },
    }),
  ) ?? assert.fail();

const said = (message: string, severity = "info", more: object = {}) =>
  engineEvent(JSON.stringify({ sequence: 1, diagnosticEvent: { message, severity, ...more } })) ??
  assert.fail();

const nodes = ["rancher-1", "rancher-2", "rancher-12"];

/** A display that keeps what it wrote, and shows it on a screen. */
function kept(Kind: typeof PlainDisplay | typeof ScreenDisplay) {
  let text = "";
  const screen = new Screen({ columns: 60, rows: 12 });
  const output = {
    columns: 60,
    write: (piece: string) => {
      text += piece;
      void screen.write(piece.replaceAll("\n", "\r\n"));
    },
  };
  const display = new Kind(output, createColors(false), nodes);
  let now = performance.now();
  const progress = new Progress(display, () => now);
  const later = (milliseconds: number): void => {
    now += milliseconds;
  };
  const seen = async (): Promise<string[]> => {
    await screen.write("");
    return screen.now();
  };
  return { display, progress, later, text: () => text, seen };
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
  progress.see(step("resourcePreEvent", "create", machine, "ha-rancher-machines-rancher-1"));
  progress.see(step("resourcePreEvent", "create", machine, "ha-rancher-machines-rancher-12"));
  later(62_300);
  progress.see(step("resOutputsEvent", "create", machine, "ha-rancher-machines-rancher-1"));
  const ofNode = "ha-rancher-software-rancher-12-agent-files";
  progress.see(step("resourcePreEvent", "update", files, ofNode));
  progress.see(said("it failed because\nof this\n", "error", { urn: urn(files, ofNode) }));
  progress.see(step("resOpFailedEvent", "update", files, ofNode));
  progress.see(step("resourcePreEvent", "refresh", machine, "ha-rancher-machines-rancher-1"));
  progress.see(step("resOutputsEvent", "refresh", machine, "ha-rancher-machines-rancher-1"));
  progress.see(step("resOutputsEvent", "same", files, "ha-rancher-software-rancher-1-agent-files"));
  progress.see(step("resourcePreEvent", "create", files, "ha-rancher-storage-export"));
  progress.see(step("resOutputsEvent", "create", files, "ha-rancher-storage-export"));
  progress.see(said("rancher-1 waits\n", "info", { urn: urn(files, "ha-rancher-agents-rollout") }));
  display.close();
  assert.deepEqual(text().split("\n"), [
    "✔ rancher-1   Machine made 62.3 s",
    "  error: rancher-12 agent-files: it failed because",
    "    of this",
    "✖ rancher-12  agent-files failed 0.0 s",
    "✔             storage-export made 0.0 s",
    "  agents-rollout: rancher-1 waits",
    "",
  ]);
});

test("a node is known by its name below its component, whatever else has that name in it", () => {
  const places = new Places(["rancher", "rancher-1"]);
  const of = (component: string, name: string) => {
    const { node, title } = places.of({ component, name, kind: "Machine" });
    return `${node}|${title}`;
  };
  assert.equal(of("ha-rancher-rancher", "ha-rancher-rancher-rancher-1-image"), "rancher-1|image");
  assert.equal(of("ha-rancher-rancher", "ha-rancher-rancher-rancher-image"), "rancher|image");
  assert.equal(of("ha-rancher-rancher", "ha-rancher-rancher-release"), "|rancher-release");
  assert.equal(of("ha-rancher-machines", "ha-rancher-machines-rancher"), "rancher|Machine");
  assert.equal(of("", "rancher-1"), "rancher-1|Machine");
  assert.equal(places.subject("ha-rancher-rancher-rancher-1-image"), "rancher-1 image");
  assert.equal(places.subject("ha-rancher-never-seen"), "never-seen");
});

test("at a terminal the nodes with what runs there are below what is over, and go when it is", async () => {
  const { display, progress, later, seen } = kept(ScreenDisplay);
  progress.see(step("resourcePreEvent", "create", machine, "ha-rancher-machines-rancher-1"));
  progress.see(step("resourcePreEvent", "create", machine, "ha-rancher-machines-rancher-2"));
  assert.deepEqual(await seen(), ["… rancher-1   Machine 0 s", "… rancher-2   Machine 0 s"]);
  progress.see(said("waits for the service", "info", { ephemeral: true }));
  assert.deepEqual((await seen()).slice(2), ["  waits for the service"]);
  later(4_200);
  progress.see(step("resOutputsEvent", "create", machine, "ha-rancher-machines-rancher-1"));
  assert.deepEqual(await seen(), [
    "✔ rancher-1   Machine made 4.2 s",
    "… rancher-2   Machine 0 s",
    "  waits for the service",
  ]);
  progress.see(
    step("resourcePreEvent", "create", files, `ha-rancher-storage-rancher-1-${"long-".repeat(20)}`),
  );
  assert.equal((await seen()).length, 4, "a line that is too long is cut");
  for (let i = 0; i < 40; i++) progress.see(said(`line ${i}`));
  const full = await seen();
  assert.deepEqual(
    [full.length, full[7], full[9]],
    [11, "  line 39", "… rancher-2   Machine 0 s"],
    "what stays scrolls, what runs stays below",
  );
  progress.see(step("resOutputsEvent", "create", machine, "ha-rancher-machines-rancher-2"));
  display.close();
  assert.equal((await seen()).at(-1), "✔ rancher-2   Machine made 4.2 s");
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
          resourceUrn: urn(machine, "ha-rancher-a"),
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
    ["docker.io/ha-rancher/rancher@sha256:8c06: Pulling from ha-rancher/rancher", undefined],
    ["27ae37988335: Pull complete", undefined],
    ["27ae37988335: Downloading [==>   ]  1.2MB/30MB\nStatus: Downloaded newer image for x:1", undefined],
    [
      "the registry 10.0.0.1: Pulling from it was refused",
      "the registry 10.0.0.1: Pulling from it was refused",
    ],
  ] as const)
    assert.equal(quiet(message), expected, message);
});
