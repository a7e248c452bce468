import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { chooseHypervisor } from "../../cli/hypervisor";
import { programOf } from "../../cli/main";
import { givenCommandLine } from "../../cli/on-nodes";
import { Clock, readTimings } from "../../cli/ui/clock";
import { summary } from "../../cli/ui/summary";
import { dials } from "../../local/dial";
import { Failure, shownError } from "../../local/errors";
import { handOver, stream } from "../../local/foreground";
import { relay } from "../../local/relay";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { ownHome, putScript, temporaryFolder, withEnvironment } from "./cli-support";

test("commands do without Pulumi's SDK, which takes longer to load than all of theirs", async () => {
  const folder = join(packageRoot, "dist", "cli", "actions");
  const names = readdirSync(folder).flatMap((file) => /^([a-z-]+)\.js$/.exec(file)?.[1] ?? []);
  const loaded = `for (const name of process.argv.slice(1)) require(${JSON.stringify(folder)} + "/" + name);
    console.log(Object.keys(require.cache).filter((file) => /@pulumi.pulumi.index\\.js$/.test(file)).length);`;
  const count = async (...some: string[]) =>
    (await run(process.execPath, ["-e", loaded, ...some])).stdout.trim();
  assert.equal(await count(...names), "0");
  assert.equal(await count("../../workloads/rancher/index"), "1", "what declares resources");
});

test("`auto` is VirtualBox only if it works", async (t) => {
  const bin = temporaryFolder(t);
  withEnvironment(t, { PATH: `${bin}:/usr/bin:/bin` });
  const works = "echo 'Default machine folder: /x'";
  putScript(join(bin, "VBoxManage"), [`[ "$*" = "list systemproperties" ] || exit 9`, works]);
  withEnvironment(t, { PATH: bin });
  assert.equal(await chooseHypervisor("auto"), "lab", "without vagrant");
  withEnvironment(t, { PATH: `${bin}:/usr/bin:/bin` });
  putScript(join(bin, "vagrant"), []);
  assert.equal(await chooseHypervisor("auto"), "virtualbox");
  for (const broken of [
    "echo 'WARNING: the vboxdrv kernel module is not loaded'; exit 1",
    "true",
    `${works}; exit 1`,
  ]) {
    putScript(join(bin, "VBoxManage"), [broken]);
    assert.equal(await chooseHypervisor("auto"), "lab", broken);
  }
  assert.equal(await chooseHypervisor("virtualbox"), "virtualbox", "what is named is not tried");
  assert.equal(await chooseHypervisor("libvirt"), "libvirt");
});

test("ports are tried all at once", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.deepEqual(await dials([`127.0.0.1:${port}`, "127.0.0.1:1", `127.0.0.1:${port}`]), [
    true,
    false,
    true,
  ]);
});

test("a relay passes on both ways, half-closed too, and ends with its connections", async (t) => {
  // Answers when the request is complete: when the other side has closed its half.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
    socket.on("end", () => socket.end(text.toUpperCase()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const path = join(temporaryFolder(t), "gate");
  const { port } = server.address() as AddressInfo;
  const stop = await relay({ path }, { host: "127.0.0.1", port });
  const ask = async (text: string): Promise<string> => {
    const socket = connect({ path, allowHalfOpen: true }).setEncoding("utf8");
    socket.end(text);
    let answer = "";
    for await (const piece of socket) answer += piece;
    return answer;
  };
  assert.deepEqual(await Promise.all([ask("one"), ask("x".repeat(300_000))]), ["ONE", "X".repeat(300_000)]);
  const idle = connect({ path });
  await once(idle, "connect");
  stop();
  await once(idle, "close");
  await assert.rejects(relay({ host: "127.0.0.1", port }, { path }), {
    code: "EADDRINUSE",
  });
});

test("Ctrl-C reaches a streamed program once, however often it comes at once", async (t) => {
  const folder = temporaryFolder(t);
  const program = putScript(join(folder, "program"), [
    `trap 'echo INT >> ${folder}/log; [ $(wc -l < ${folder}/log) -lt 3 ] || exit 3' INT`,
    `echo ready >> ${folder}/log; while :; do sleep 0.1; done`,
  ]);
  const counts: number[] = [];
  const ended = stream(
    { command: program, args: [], env: process.env },
    { onInterrupt: (n) => counts.push(n) },
  );
  const log = (): string[] => {
    try {
      return readFileSync(join(folder, "log"), "utf8").trim().split("\n");
    } catch {
      return [];
    }
  };
  const wait = async (ready: () => boolean): Promise<void> => {
    while (!ready()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await wait(() => log().length === 1);
  // As npm and the terminal both send it.
  process.emit("SIGINT");
  process.emit("SIGINT");
  await wait(() => log().length === 2);
  await new Promise((resolve) => setTimeout(resolve, 800));
  process.emit("SIGINT");
  assert.deepEqual(await ended, { code: 3, interrupted: true });
  assert.deepEqual(log(), ["ready", "INT", "INT"]);
  assert.deepEqual(counts, [1, 2]);
});

test("exit codes are passed on, signals as 128 and more, and a missing program is said", async () => {
  const env = process.env;
  const sh = (text: string) => ({ command: "/bin/sh", args: ["-c", text], env });
  assert.deepEqual(await stream(sh("exit 7")), { code: 7, interrupted: false });
  assert.deepEqual(await stream(sh("kill -9 $$")), { code: 137, interrupted: false });
  assert.equal(await handOver(sh("exit 5"), "/"), 5);
  assert.equal(await handOver(sh("kill -15 $$"), "/"), 143);
  await assert.rejects(stream({ command: "/none", args: [], env }), /`\/none` cannot be started/);
});

test("times are kept in a file, of failed runs too, but not of runs that did nothing", async (t) => {
  ownHome(t);
  new Clock().save("up", "dev", false);
  assert.deepEqual(readTimings(), []);
  const clock = new Clock();
  assert.equal(await clock.phase("one", async () => 1), 1);
  await assert.rejects(clock.phase("long name", () => Promise.reject(new Error("x"))));
  clock.save("up", "dev", false);
  clock.save("down", "dev", true);
  const [first, second] = readTimings();
  assert.equal(first?.ok, false);
  assert.deepEqual(Object.keys(first?.phases ?? {}), ["one", "long name"]);
  assert.equal(second?.command, "down");
  assert.match(clock.table().join("\n"), /^one {10}\s*\d+\.\d s\nlong name {2,}\d+\.\d s\ntotal /);
});

test("when a task fails the running ones are finished, no other starts, and the first failure is thrown", async () => {
  // In a process of its own, since it prints.
  const program = (fails: boolean): string => `
    const { runTasks } = require(${JSON.stringify(require.resolve("../../cli/ui/tasks.js"))});
    const done = [];
    const task = (title, milliseconds, fails = false) => ({
      title,
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        done.push(title);
        if (fails) throw new Error(title + " failed");
      },
    });
    const tasks = [
      { title: "left", sequence: [task("a", 10, ${fails}), task("b", 10)] },
      { title: "right", sequence: [
        { title: "both", sideBySide: [task("c", 200, ${fails}), task("d", 300)] },
        task("e", 0),
      ] },
    ];
    runTasks(tasks).then(() => "none", (error) => error.message)
      .then((failure) => console.log("RESULT " + done.join("") + " " + failure));`;
  const result = async (fails: boolean): Promise<string | undefined> => {
    const child = spawn(process.execPath, ["-e", program(fails)], { stdio: ["ignore", "pipe", "ignore"] });
    let printed = "";
    for await (const text of child.stdout.setEncoding("utf8")) printed += text;
    return /^RESULT (.*)$/m.exec(printed)?.[1];
  };
  assert.equal(await result(true), "acd a failed");
  assert.equal(await result(false), "abcde none");
});

test("the summary names what to do next, for the right stack", () => {
  const outputs = {
    vip: "10.0.0.100",
    url: "https://10.0.0.100",
    currentMaster: "a",
    bootstrapPassword: "[secret]",
    nodes: [{ name: "a", address: "10.0.0.1", role: "master" }],
  };
  const inLab = summary({ stack: "dev", outputs, usesLab: true });
  for (const part of [
    "10.0.0.100",
    "npm run ssh -- a\n",
    "npm run open\n",
    "npm run shell -- pulumi stack output bootstrapPassword --show-secrets",
  ]) {
    assert.ok(inLab.includes(part), `${part} in ${inLab}`);
  }
  assert.doesNotMatch(inLab, /\[secret\]/);
  const elsewhere = summary({ stack: "x", outputs, usesLab: false });
  assert.match(elsewhere, /^ {2}a +npm run ssh -- --stack x a$/m);
  assert.match(elsewhere, /npm run status -- --stack x\n/);
  assert.match(elsewhere, /npm run shell -- --stack x pulumi stack output/);
  assert.doesNotMatch(elsewhere, /run open/);
});

test("errors of the program itself show where, others only what", () => {
  assert.equal(shownError(new Failure("way out", 2)), "way out");
  assert.equal(shownError(new Error("plain")), "plain");
  assert.match(shownError(new TypeError("x is not a function")), /^defect in ha-rancher: TypeError.*\n +at /);
});

test("wrong calls are refused with code 2, and say how to call", async () => {
  for (const argv of [
    ["nope"],
    ["up", "--nope"],
    ["forward", "--port", "0"],
    ["forward", "--port", "8x"],
    ["up", "-s"],
  ]) {
    const child = spawn(
      process.execPath,
      [
        "-e",
        `require(${JSON.stringify(require.resolve("../../cli/main.js"))}).main(${JSON.stringify(argv)})`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 2, argv.join(" "));
    assert.match(said, /error: .*\n[\s\S]*(Usage: npm run|`\.\/ha-rancher --help`)/, argv.join(" "));
  }
});

test("options after a shell's command belong to the command", () => {
  const program = programOf(givenCommandLine([]));
  const shell = program.commands.find((command) => command.name() === "shell");
  let seen: unknown;
  shell?.action((command, options) => {
    seen = { command, stack: options.stack };
  });
  program.parse(["shell", "--stack", "x", "curl", "-sk", "--stack", "y"], { from: "user" });
  assert.deepEqual(seen, { command: ["curl", "-sk", "--stack", "y"], stack: "x" });
});
