import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { shellQuote } from "../../domain/shell-quote";
import { asRoot, closeAll, exec, execOk, SshError } from "../../providers/remote/ssh";
import { newKeyPair } from "../../providers/vagrant/keys";
import { TestServer } from "./remote-server";

let server: TestServer;
before(async () => {
  server = await new TestServer().start();
});
after(async () => {
  closeAll();
  await server.stop();
});
beforeEach(() => {
  closeAll();
  server.sessions = "accept";
  server.logins = 0;
  server.busiest = 0;
});

const failure = (kind: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SshError, String(error));
  assert.equal(error.failure, kind, error.message);
  assert.match(error.message, message);
  return true;
};

test("gives output, error text and exit code, and does not throw for a command that fails", async () => {
  const result = await exec(server.endpoint, "cat; echo oops >&2; exit 3", { stdin: "in\nput" });
  assert.deepEqual(result, { code: 3, stdout: "in\nput", stderr: "oops\n" });
});

test("a command that a signal ended has 128 + the signal as its code", async () => {
  assert.equal((await exec(server.endpoint, "kill -9 $$")).code, 137);
});

test("carries much text both ways without breaking a character", async () => {
  const text = "ä€😀\n".repeat(60_000);
  assert.equal((await exec(server.endpoint, "cat", { stdin: text })).stdout, text);
});

test("execOk throws with the end of the command's error text", async () => {
  await assert.rejects(execOk(server.endpoint, "echo out; echo why >&2; exit 4"), /code 4:\nwhy$/);
});

test("an asRoot command reaches the shell as it is", async () => {
  const command = `printf '%s' "it's $0" 'a "b"'\nexit 5`;
  const result = await exec(server.endpoint, asRoot(server.endpoint, command));
  assert.deepEqual(result, { code: 5, stdout: `it's sha "b"`, stderr: "" });
  assert.match(asRoot(server.endpoint, "id"), /^sudo -n sh -c id$/);
  assert.equal(asRoot({ ...server.endpoint, user: "root" }, "id"), "sh -c id");
  assert.match(asRoot({ ...server.endpoint, user: "root" }, "id"), /^sh -c id$/);
});

test("a sudo that wants a password is explained", async () => {
  const command = "echo 'sudo: a password is required' >&2; exit 1";
  await assert.rejects(execOk(server.endpoint, command), /NOPASSWD: ALL` into \/etc\/sudoers.d\/vagrant/);
});

test("all commands share one connection, at most 8 at once", async () => {
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, i) => exec(server.endpoint, `sleep 0.1; echo ${i}`)),
  );
  assert.deepEqual(
    results.map(({ stdout }) => stdout.trim()),
    Array.from({ length: 30 }, (_, i) => String(i)),
  );
  assert.equal(server.logins, 1);
  assert.equal(server.busiest, 8);
});

test("a connection that died while idle is replaced without anybody noticing", async () => {
  await exec(server.endpoint, "true");
  server.dropAll();
  assert.equal((await exec(server.endpoint, "echo again")).stdout, "again\n");
  assert.equal(server.logins, 2);
});

test("a connection that dies under a command is an error, and the command is not repeated", async () => {
  const marker = server.path("ran");
  const running = exec(server.endpoint, `echo x >> ${shellQuote(marker)}; sleep 5`);
  await exec(server.endpoint, `until [ -e ${shellQuote(marker)} ]; do sleep 0.05; done`);
  server.dropAll();
  await assert.rejects(running, failure("lost", /broke while a command was running/));
  assert.equal((await exec(server.endpoint, `cat ${shellQuote(marker)}`)).stdout, "x\n");
});

test("a node whose sessions break off is an error after one more try", async () => {
  server.sessions = "break";
  await assert.rejects(
    exec(server.endpoint, "true"),
    failure("unreachable", /before a command could be started/),
  );
  assert.equal(server.logins, 2);
});

test("a session that is refused, as sshd does while others are ending, is asked for again", async () => {
  server.sessions = "refuse once";
  assert.equal((await exec(server.endpoint, "echo later")).stdout, "later\n");
  assert.equal(server.logins, 1);
});

test("a node that goes on refusing sessions is explained", async () => {
  server.sessions = "refuse";
  const started = Date.now();
  await assert.rejects(
    exec(server.endpoint, "true", { timeout: 1_500 }),
    failure("unreachable", /refuses another session.*MaxSessions/),
  );
  assert.ok(Date.now() - started > 500, "it was asked more than once");
});

test("a node that refused a session and then does not answer is explained by the refusal", async () => {
  server.sessions = "refuse";
  const refused = assert.rejects(
    exec(server.endpoint, "true", { timeout: 1_500 }),
    failure("unreachable", /refuses another session.*MaxSessions/),
  );
  await sleep(700);
  server.sessions = "ignore";
  await refused;
});

test("a command that takes too long is given up, and its connection is not used again", async () => {
  const started = Date.now();
  await assert.rejects(
    exec(server.endpoint, "sleep 3", { timeout: 600 }),
    failure("timeout", /longer than 0.6 s/),
  );
  assert.ok(Date.now() - started < 1_500);
  assert.equal((await exec(server.endpoint, "echo next")).stdout, "next\n");
  assert.equal(server.logins, 2);
});

test("a session that does not start is given up in time", async () => {
  server.sessions = "ignore";
  await assert.rejects(exec(server.endpoint, "true", { timeout: 500 }), failure("timeout", /0.5 s/));
});

test("waiting for a free slot counts, and a waiter that gave up does not take one", async () => {
  const busy = Array.from({ length: 8 }, () => exec(server.endpoint, "sleep 1"));
  await assert.rejects(exec(server.endpoint, "true", { timeout: 400 }), failure("timeout", /0.4 s/));
  assert.equal((await exec(server.endpoint, "echo next")).stdout, "next\n");
  await Promise.all(busy);
});

test("another host key than the pinned one is refused, with both fingerprints and the way out", async () => {
  const other = newKeyPair("other").publicKey.split(" ");
  await assert.rejects(
    exec({ ...server.endpoint, hostKey: `${other[0]} ${other[1]}` }, "true"),
    failure("refused", /is not the machine that was pinned.*SHA256:.*`hostKey` is SHA256:.*ssh-keyscan/),
  );
  await assert.rejects(
    exec({ ...server.endpoint, hostKey: "ssh-rsa AAAA" }, "true"),
    failure("refused", /no host key of the pinned type/),
  );
});

test("a pinned key may be followed by a comment", async () => {
  const endpoint = { ...server.endpoint, hostKey: `${server.endpoint.hostKey} root@node` };
  assert.equal((await exec(endpoint, "echo x")).stdout, "x\n");
});

test("a key or user that is not let in is explained", async () => {
  const { privateKey } = newKeyPair("other");
  await assert.rejects(
    exec({ ...server.endpoint, privateKey }, "true"),
    failure("refused", /does not let `user` vagrant in.*authorized_keys/),
  );
  await assert.rejects(
    exec({ ...server.endpoint, privateKey: "nonsense" }, "true"),
    failure("refused", /Cannot parse privateKey/),
  );
});

test("a refused connection is tried again until the server is there", async () => {
  await server.pause();
  const waiting = exec(server.endpoint, "echo up", { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 700));
  await server.start();
  assert.equal((await waiting).stdout, "up\n");
});

test("a refused connection is an error when the time is up", async () => {
  const closed = createServer();
  const port = await new Promise<number>((resolve) =>
    closed.listen(0, "127.0.0.1", () => resolve((closed.address() as { port: number }).port)),
  );
  await new Promise((resolve) => closed.close(resolve));
  const started = Date.now();
  await assert.rejects(
    exec({ ...server.endpoint, port }, "true", { timeout: 3_000 }),
    failure("unreachable", /refuses connections/),
  );
  const took = Date.now() - started;
  assert.ok(took > 1_500 && took < 10_000, `${took} ms`);
});

test("a server that says nothing is given up in time, and for all that wait each in its own", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  const port = await new Promise<number>((resolve) =>
    silent.listen(0, "127.0.0.1", () => resolve((silent.address() as { port: number }).port)),
  );
  const started = Date.now();
  const took = async (timeout: number): Promise<number> => {
    await assert.rejects(
      exec({ ...server.endpoint, port }, "true", { timeout }),
      failure("unreachable", /could not be logged in to/),
    );
    return Date.now() - started;
  };
  const [short, long] = await Promise.all([took(300), took(3_000)]);
  assert.ok(short !== undefined && short < 2_500, `${short}`);
  assert.ok(long !== undefined && long >= 2_990 && long < 10_000, `${long}`);
  // Ends only when no connection is left: nobody waits for it any more.
  await new Promise((resolve) => silent.close(resolve));
  assert.ok(Date.now() - started < 15_000);
});

test("an open connection does not keep a process alive", async () => {
  const script = `
    const { exec } = require(${JSON.stringify(join(__dirname, "../../providers/remote/ssh.js"))});
    exec(${JSON.stringify(server.endpoint)}, "echo done").then(({ stdout }) => {
      process.stdout.write(stdout);
      globalThis.ended = Date.now();
    });
    process.on("exit", () => process.stdout.write(String(Date.now() - globalThis.ended)));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 0);
  const [said, linger] = output.split("\n");
  assert.equal(said, "done");
  assert.ok(Number(linger) < 5_000, `${linger} ms`);
});
