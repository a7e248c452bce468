import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { powerOff, powerOn } from "../../cli/actions/power";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

const node = (name: string) => ({
  ...{ name, address: "10.0.0.1", user: "x", port: 22, keyFile: "", knownHostsFile: "", hostKey: "k" },
});
const machine = {
  ...{ name: "a", address: "10.0.0.1", sshPort: 22, directory: "/x" },
  ...{ hypervisor: "libvirt", machineId: "id-of-a", libvirtUri: "test:///x" },
};
const reached = {
  known: { vip: "", url: "", answers: { path: "/ping" }, nodes: [node("a"), node("host")] },
  machines: [machine],
};

test("a machine is turned off only if somebody said so, and on; a host is left alone", async (t) => {
  const bin = temporaryFolder(t);
  const log = join(bin, "log");
  // Of the second start it says what virsh does.
  putScript(join(bin, "virsh"), [
    `echo "$*" >>${log}`,
    `[ "$(grep -c start ${log})" -lt 2 ] || { echo "error: Domain is already active" >&2; exit 1; }`,
  ]);
  withEnvironment(t, { PATH: `${bin}:${process.env.PATH}` });
  await assert.rejects(powerOff(reached, { stack: "dev", node: "a" }), (error: Error) => {
    assert.match(
      error.message,
      /nothing was done, since there is no terminal.*`npm run power-off -- --yes a`/s,
    );
    return true;
  });
  assert.equal(await powerOff(reached, { stack: "dev", node: "a", yes: true }), 0);
  const said: string[] = [];
  t.mock.method(process.stdout, "write", (text: string) => said.push(text) > 0);
  assert.equal(await powerOn(reached, { stack: "dev" }), 0);
  assert.equal(await powerOn(reached, { stack: "dev", node: "a" }), 0);
  t.mock.restoreAll();
  assert.match(said[0] ?? "", /^a is on, and boots\. `npm run status -- --watch` shows when it is back\n$/);
  assert.equal(said[1], "a was on already\n");
  assert.deepEqual(readFileSync(log, "utf8").trim().split("\n"), [
    "--connect test:///x destroy id-of-a",
    "--connect test:///x start id-of-a",
    "--connect test:///x start id-of-a",
  ]);
  await assert.rejects(
    powerOff(reached, { stack: "dev", node: "host", yes: true }),
    /host is a host that existed before/,
  );
  await assert.rejects(powerOn(reached, { stack: "dev", node: "A1" }), /is no node; the nodes are a, host/);
});
