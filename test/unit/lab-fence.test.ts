import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { FenceServerOrder } from "../../lab/fence/server";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";

const folder = mkdtempSync(join(tmpdir(), "lab-fence-"));
const called = join(folder, "called");
const host = newKeyPair("host");
const client = newKeyPair("client");
let server: ChildProcess;
let port = 0;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

before(async () => {
  // A virsh that says in which state the file `state` says that a domain is.
  writeFileSync(
    join(folder, "virsh"),
    `#!/bin/sh\necho "$*" >>${called}\n[ "$3" != domstate ] || cat ${folder}/state\n`,
  );
  chmodSync(join(folder, "virsh"), 0o755);
  writeFileSync(join(folder, "key"), client.privateKey, { mode: 0o600 });
  writeFileSync(join(folder, "other"), newKeyPair("other").privateKey, { mode: 0o600 });
  port = await freePort();
  const order: FenceServerOrder = {
    ...{ address: "127.0.0.1", port, hostKey: host.privateKey, clientKey: client.publicKey },
    ...{ uri: "qemu:///x", domains: ["one"] },
  };
  server = spawn(process.execPath, [join(packageRoot, "dist", "lab", "fence", "server.js")], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ready = new Promise((resolve) => server.stdout?.once("data", resolve));
  server.stdin?.write(`${JSON.stringify(order)}\n`);
  await ready;
});

after(() => {
  server.stdin?.end();
  rmSync(folder, { recursive: true });
});

/** What a session answers to lines, whatever program the client asked for. */
async function session(lines: string[], key = "key"): Promise<string> {
  writeFileSync(called, "");
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
  ];
  const done = promisify(execFile)("ssh", [
    ...options.flatMap((option) => ["-o", option]),
    ...[
      "-i",
      join(folder, key),
      "-o",
      "IdentitiesOnly=yes",
      "-p",
      String(port),
      "fence@127.0.0.1",
      "cat /etc/shadow",
    ],
  ]);
  done.child.stdin?.end([...lines, "quit", ""].join("\n"));
  return (await done).stdout.replaceAll("[EXPECT]# ", "");
}

const calls = (): string[] => readFileSync(called, "utf8").split("\n").slice(0, -1);

test("the key may power its own domains off and on, and ask for their state", async () => {
  writeFileSync(join(folder, "state"), "running\n");
  assert.equal(await session(["virsh domstate one", "virsh destroy one", "virsh start one\r"]), "running\n");
  assert.deepEqual(calls(), [
    "--connect qemu:///x domstate one",
    "--connect qemu:///x destroy one",
    "--connect qemu:///x start one",
  ]);
});

test("it may do nothing else", async () => {
  const said = await session([
    ...["virsh destroy two", "virsh undefine one", "virsh destroy one two", "virsh destroy one; reboot"],
    ...["reboot", "virsh", "virsh destroy $(reboot)", "virsh destroy *", "virsh --connect x destroy one"],
  ]);
  assert.deepEqual(calls(), []);
  assert.equal(said.match(/^error: this key/gm)?.length, 9, said);
});

test("only what is shut off looks like off", async () => {
  for (const [state, shown] of [
    ["shut off\n\n", "shut off"],
    ["in shutdown\n", "no state"],
    ["crashed\n", "no state"],
    ["pmsuspended\n", "no state"],
    ["", "no state"],
    ["paused\n", "paused"],
  ] as const) {
    writeFileSync(join(folder, "state"), state);
    assert.equal(await session(["virsh domstate one"]), `${shown}\n`, state);
  }
  rmSync(join(folder, "state"));
  assert.match(await session(["virsh domstate one"]), /^error: /);
});

test("nobody else gets in", async () => {
  await assert.rejects(session(["virsh destroy one"], "other"), /Permission denied/);
  assert.deepEqual(calls(), []);
});
