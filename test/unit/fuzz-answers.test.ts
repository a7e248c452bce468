import assert from "node:assert/strict";
import { test } from "node:test";
import { backupName } from "../../cli/actions/backup";
import { reportOf } from "../../cli/status-report";
import { statusTable } from "../../cli/ui/status-table";
import { contentsOf, readExport } from "../../local/pulumi/checkpoint";
import { parseLook } from "../../providers/release/scripts";
import { lastLines } from "../../providers/remote/ssh";
import { vagrantsError } from "../../providers/vagrant/errors";
import { parseRows, shownText, stateOf } from "../../providers/vagrant/machine-readable";
import { parseNodeStatus } from "../../stack/node-report";
import { describeDeployment } from "../../stack/state";
import { bent, Chance, disturbed, fuzzRuns, fuzzSeed, nastyText } from "./fuzz-random";

/* What others say and this program parses: nodes, Vagrant, Pulumi's state. Never a defect, and nothing that moves a cursor. */

/** Errors that only a defect of the program makes, in an answer that was parsed. */
const isDefect = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;

function each(run: (chance: Chance) => void): void {
  for (let i = 0; i < fuzzRuns; i++) {
    try {
      run(new Chance(fuzzSeed + i));
    } catch (error) {
      if (isDefect(error) || (error as Error).name === "AssertionError")
        assert.fail(`seed ${fuzzSeed + i}: ${(error as Error).stack}`);
    }
  }
}

const status = {
  holdsVip: true,
  vrrpState: "MASTER",
  keepalived: { version: "2.2.8", since: 1, peers: ["192.168.56.12"], heard: [], maintenance: false },
  agent: { state: "active", since: 1, epoch: 3, reason: "it has the lease" },
  lease: { owner: "one", epoch: 3, heldHere: true },
  container: { state: "running" },
  health: { state: "well", reason: "" },
  mounts: { lease: true, data: true },
  uptime: 100,
};

const plainColors = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof statusTable>[1];

test("a node's report adds no row to the status, and moves no cursor", () => {
  each((chance) => {
    const told = JSON.stringify(disturbed(chance, disturbed(chance, status)));
    const report = parseNodeStatus(chance.is(0.2) ? bent(chance, told) : told);
    const nodes = [{ name: "one", address: "192.168.56.11", status: report }];
    const about = { vip: "192.168.56.10", url: "https://x" };
    const shown = statusTable(reportOf("s", about, { nodes, ping: { ok: true } }), plainColors);
    const rows = shown.split("\n").filter((line) => line.includes("192.168.56.11"));
    assert.equal(rows.length, 1, shown);
    assert.doesNotMatch(shown.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  });
});

test("a forged row in a report stays in its own", () => {
  const forged = "x\n two  192.168.56.12  yes\u001b[2J\u001b]0;title\u0007\u202e";
  const { agent } = parseNodeStatus(
    JSON.stringify({ ...status, agent: { state: forged, reason: "\n\r\t a" } }),
  );
  assert.doesNotMatch(`${agent?.state}${agent?.reason}`, /[\p{Cc}\p{Cf}]/u);
  assert.match(agent?.state ?? "", /^x +two +192\.168\.56\.12 +yes/);
  assert.equal(agent?.reason?.trim(), "a");
});

test("answers without an end, or nested without one, are refused", () => {
  assert.throws(() => parseNodeStatus(`${"[".repeat(100_000)}`), /more than any answer/);
  assert.throws(
    () => parseNodeStatus(`{"holdsVip": true, "x": "${"y".repeat(2_000_000)}"}`),
    /more than any answer/,
  );
});

test("what a command said is shown without control characters, and cut", () => {
  each((chance) => {
    const said = Array.from({ length: 20 }, () => nastyText(chance)).join("\n");
    const shown = lastLines(said);
    assert.ok(shown.length <= 8_003 && shown.split("\n").length <= 15);
    assert.doesNotMatch(shown.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  });
});

test("the answer of a node's release scripts is what it is declared as, or refused", () => {
  const look = {
    container: "c",
    kept: null,
    enabled: true,
    state: "ACTIVE",
    reason: "",
    gaveUp: "",
    ready: true,
    running: ["c"],
  };
  each((chance) => {
    const { running } = parseLook(bent(chance, JSON.stringify(disturbed(chance, look))));
    assert.ok(running.every((name) => typeof name === "string"));
  });
});

test("Vagrant's rows are read whatever stands in them", () => {
  const rows =
    "1700000000,one,state,running\n1700000000,,ui,info,a%!(VAGRANT_COMMA)b\\nc\n1700000001,,error-exit,Vagrant::Errors::X,no";
  each((chance) => {
    const stdout = bent(chance, `${rows}\n1,${nastyText(chance)},${nastyText(chance)},${nastyText(chance)}`);
    const read = parseRows(stdout);
    assert.ok(read.length <= stdout.split(/\r?\n/).length);
    assert.ok(["string", "undefined"].includes(typeof stateOf(read, "one")));
    assert.ok(shownText(read).every((text) => typeof text === "string"));
    assert.equal(
      typeof vagrantsError({ code: 1, stdout, stderr: nastyText(chance) } as never).text,
      "string",
    );
  });
});

test("a state is read whatever is in it", () => {
  const urn = "urn:pulumi:s::ha-rancher::pulumi-nodejs:dynamic/vagrant:Machine::one";
  const machine = {
    ...{ urn, type: "pulumi-nodejs:dynamic/vagrant:Machine", id: "x" },
    inputs: {
      name: "one",
      networks: [{ address: "192.168.56.11/24" }],
      directory: "/m",
      libvirt: { uri: "qemu:///system" },
    },
    outputs: { sshPort: 22, hypervisor: "libvirt", machineId: "m", address: "192.168.56.11" },
  };
  const root = {
    urn: "urn:pulumi:s::ha-rancher::pulumi:pulumi:Stack::s",
    type: "pulumi:pulumi:Stack",
    outputs: { vip: "x" },
  };
  const deployment = {
    resources: [root, machine],
    pending_operations: [{ type: "creating", resource: machine }],
    secrets_providers: { type: "passphrase", state: { salt: "v1:x" } },
  };
  each((chance) => {
    const text = JSON.stringify({ deployment: disturbed(chance, disturbed(chance, deployment)) });
    const found = readExport(chance.is(0.2) ? bent(chance, text) : text);
    assert.ok(contentsOf(found).resources.every((each) => typeof each.urn === "string"));
    assert.equal(typeof describeDeployment(found).resources, "number");
  });
});

test("a backup has a name of one, of no time to come", () => {
  const now = Date.parse("2026-01-03T00:00:00Z");
  assert.equal(backupName("/x/rancher-20260103T000000Z.tar", "one", now), "rancher-20260103T000000Z.tar");
  for (const name of ["rancher-99991231T235959Z.tar", "rancher-20260105T000000Z.tar"])
    assert.throws(() => backupName(`/x/${name}`, "one", now), /one made .* a time to come/);
  for (const name of [
    "../../.bashrc",
    "x.tar",
    "rancher-20261301T000000Z.tar",
    "rancher-20260103T000000Z.tar\nx",
    "",
  ])
    assert.throws(() => backupName(name, "one", now), /no name of one/);
  each((chance) => assert.match(backupName(nastyText(chance), "one", now), /^rancher-/));
});
