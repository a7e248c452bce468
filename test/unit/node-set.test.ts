import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bareScripts, filesOfSet, packSet, setNames, setOf } from "../../domain/node-set";
import { ustar } from "../../domain/ustar";
import { packageRoot } from "../../local/root";
import { packedSet, runNodeScript } from "../../providers/remote/script";
import { setFiles } from "../../providers/remote/set-files";
import { nodeSet } from "../../providers/remote/set-provider";
import { closeAll } from "../../providers/remote/ssh";
import { TestServer } from "./remote-server";

describe("the files of node/", () => {
  const inSets = setNames.flatMap(setFiles);

  test("are each in one set, but for units and programs that run where no set is", () => {
    const all = readdirSync(join(packageRoot, "node"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(packageRoot, "node"), join(entry.parentPath, entry.name)));
    const left = all.filter((path) => setOf(path) === undefined && !path.includes("__pycache__"));
    const bare = left.filter((path) => !/\.(conf|service|template)$/.test(path));
    assert.deepEqual([...bare, "host/set"].sort(), [...bareScripts].sort());
    assert.equal(new Set(inSets.map(({ path }) => path)).size, inSets.length);
    assert.equal(inSets.length + left.length, all.filter((path) => !path.includes("__pycache__")).length);
  });

  test("are in a set by their names alone, and in one order whatever the folder's is", () => {
    const of = (path: string, set: string | undefined) => assert.equal(setOf(path), set, path);
    for (const path of [
      "agent/new.py",
      "agent/core/__init__.py",
      "host/a-new_one",
      "lib/new.bash",
      "new/one",
    ])
      of(path, "current");
    of("drill/new", "drill");
    for (const path of ["agent/__pycache__/a.py", "agent/a.cpython-311.pyc", "host/.set.swp", "host/set~"])
      of(path, undefined);
    for (const path of [
      "units/a.service",
      "keepalived/drop-in.conf",
      "host/look",
      "README",
      "host/a b",
      "../a",
    ])
      of(path, undefined);
    const paths = ["host/b", "lib/a.bash", "host/a", "drill/a", "host/look"];
    const files = [
      { path: "host/a", mode: "0755" },
      { path: "host/b", mode: "0755" },
      { path: "lib/a.bash", mode: "0644" },
    ];
    assert.deepEqual(filesOfSet("current", paths), files);
    assert.deepEqual(filesOfSet("current", [...paths].reverse()), files);
    assert.deepEqual(paths[0], "host/b", "a list that is given is left as it is");
  });

  test("have the mode that they get on a node, and no mistakes of syntax", () => {
    const all = [
      ...inSets,
      ...bareScripts.map((path) => ({ path, mode: /\.(sh|py)$/.test(path) ? "0644" : "0755" })),
    ].map(({ path, mode }) => ({ file: join(packageRoot, "node", path), mode }));
    for (const { file, mode } of all)
      assert.equal((statSync(file).mode & 0o111) === 0o111, mode === "0755", file);
    const [python, bash] = [true, false].map((isPython) =>
      all.map(({ file }) => file).filter((file) => file.endsWith(".py") === isPython),
    );
    for (const file of bash ?? []) execFileSync("bash", ["-n", file]);
    execFileSync("python3", [
      ...["-c", "import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]"],
      ...(python ?? []),
    ]);
  });

  test("are what the units name", () => {
    const units = readdirSync(join(packageRoot, "node", "units"));
    const named = units.flatMap((unit) => {
      const text = readFileSync(join(packageRoot, "node", "units", unit), "utf8");
      return [...text.matchAll(/\/usr\/local\/lib\/ha-rancher\/current\/([\w/-]+)/g)].map(([, path]) => path);
    });
    assert.ok(named.length >= 4, String(named));
    const programs = new Set(setFiles("current").flatMap(({ path, mode }) => (mode === "0755" ? path : [])));
    // Folders that Python runs.
    for (const folder of ["agent", "storage/fencer"]) {
      programs.add(folder);
      assert.ok(setFiles("current").some(({ path }) => path === `${folder}/__main__.py`));
    }
    for (const path of named) assert.ok(programs.has(path ?? ""), path);
  });

  test("say what they take, if they are programs", () => {
    for (const path of [...inSets.filter(({ mode }) => mode === "0755").map((file) => file.path)])
      assert.match(
        readFileSync(join(packageRoot, "node", path), "utf8"),
        /^# *(Usage|Called by)\b|^# bash/m,
        path,
      );
  });
});

test("an archive is what tar reads, with modes, and the same for the same files", () => {
  const files = [
    { path: "a/program", mode: "0755", content: "#!/bin/sh\necho ä\n" },
    { path: "empty", mode: "0644", content: "" },
    { path: "block", mode: "0644", content: "x".repeat(512) },
  ];
  const archive = ustar(files);
  const listed = execFileSync("tar", ["--list", "--verbose", "--file", "-"], {
    input: archive,
    encoding: "utf8",
  });
  assert.match(
    listed,
    /^-rwxr-xr-x root\/root +18 1970-01-0\S+ \S+ a\/program\n-rw-r--r-- root\/root +0 .* empty\n/,
  );
  const text = execFileSync("tar", ["--extract", "--to-stdout", "--file", "-"], {
    input: archive,
    encoding: "utf8",
  });
  assert.equal(text, files.map(({ content }) => content).join(""));
  assert.equal(packSet(files).hash, packSet(structuredClone(files)).hash);
  for (const change of [{ mode: "0644" }, { content: "" }, { path: "b" }])
    assert.notEqual(
      packSet(files).hash,
      packSet([{ ...files[0], ...change } as (typeof files)[0], ...files.slice(1)]).hash,
    );
  assert.throws(() => ustar([{ path: "x".repeat(101), mode: "0644", content: "" }]), /too long/);
});

describe("sets on a node", () => {
  let root: string;
  const set = (text: string) =>
    packSet([
      { path: "host/program", mode: "0755", content: `#!/usr/bin/env bash\nread -r _\necho ${text}\n` },
      { path: "lib/a.bash", mode: "0644", content: text },
    ]);
  const run = (args: string[], input = "") =>
    spawnSync(join(packageRoot, "node/host/set"), args, {
      input,
      encoding: "utf8",
      env: { ...process.env, HA_RANCHER_PROGRAMS: root },
    });
  const put = ({ hash, archive }: ReturnType<typeof set>, link = "current"): void => {
    const { status, stderr } = run(["put", hash, link], archive);
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
  };
  const show = (): unknown => JSON.parse(run(["show", "current"]).stdout);
  const here = (): string[] =>
    readdirSync(join(root, "sets"))
      .filter((name) => !name.startsWith("."))
      .sort();
  /** As if it had been put there so many seconds ago. */
  const age = (hash: string, seconds: number): void => {
    const then = Date.now() / 1000 - seconds;
    utimesSync(join(root, "sets", hash), then, then);
  };

  beforeEach(() => {
    root = join(mkdtempSync(join(tmpdir(), "node-set-")), "programs");
  });
  afterEach(() => rmSync(join(root, ".."), { recursive: true, force: true }));

  test("a set is put there whole, and its link switched; again is no change", () => {
    const one = set("one");
    assert.deepEqual(show(), { set: null, whole: false });
    put(one);
    assert.deepEqual(show(), { set: one.hash, whole: true });
    assert.equal(readlinkSync(join(root, "current")), `sets/${one.hash}`);
    assert.equal(readFileSync(join(root, "current/lib/a.bash"), "utf8"), "one");
    assert.equal(statSync(join(root, "current/host/program")).mode & 0o777, 0o755);
    const before = statSync(join(root, "sets", one.hash, "lib/a.bash")).ino;
    put(one);
    assert.equal(statSync(join(root, "sets", one.hash, "lib/a.bash")).ino, before);
  });

  test("without a link it is only put there", () => {
    put(set("one"));
    const { hash, archive } = set("two");
    assert.equal(run(["put", hash], archive).status, 0);
    assert.deepEqual(show(), { set: set("one").hash, whole: true });
    assert.deepEqual(here(), [set("one").hash, hash].sort());
  });

  test("half of one changes nothing", () => {
    put(set("one"));
    const { hash, archive } = set("two");
    const { status, stderr } = run(["put", hash, "current"], archive.slice(0, 700));
    assert.equal(status, 1);
    assert.match(stderr, /did not arrive completely/);
    assert.deepEqual(show(), { set: set("one").hash, whole: true });
    assert.deepEqual(readdirSync(join(root, "sets")).sort(), [".lock", set("one").hash]);
  });

  test("one that was killed half-way leaves the former set whole, and the next one clears up", async () => {
    put(set("one"));
    const { hash, archive } = set("two");
    const child = spawn(join(packageRoot, "node/host/set"), ["put", hash, "current"], {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, HA_RANCHER_PROGRAMS: root },
    });
    child.stdin.write(archive.slice(0, 700));
    const begun = join(root, "sets/.new.tar");
    for (let i = 0; !existsSync(begun); i++) {
      assert.ok(i < 400);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill("SIGKILL");
    child.stdin.destroy();
    await once(child, "exit");
    assert.deepEqual(show(), { set: set("one").hash, whole: true });
    put(set("two"));
    assert.deepEqual(show(), { set: hash, whole: true });
    assert.deepEqual(
      readdirSync(join(root, "sets")).filter((name) => name.startsWith(".new")),
      [],
    );
  });

  for (const [what, damage] of [
    ["changed", (at: string) => writeFileSync(join(at, "lib/a.bash"), "other")],
    ["missing", (at: string) => rmSync(join(at, "lib/a.bash"))],
    ["there that is not its own", (at: string) => writeFileSync(join(at, "lib/b.bash"), "")],
    ["not executable", (at: string) => execFileSync("chmod", ["644", join(at, "host/program")])],
  ] as const)
    test(`a set with a file that is ${what} is not whole, until it is put there again`, () => {
      put(set("one"));
      damage(join(root, "current"));
      assert.deepEqual(show(), { set: set("one").hash, whole: false });
      put(set("one"));
      assert.deepEqual(show(), { set: set("one").hash, whole: true });
    });

  test("the last two stay, and those that a link names or a process runs from", async () => {
    const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(set) as [
      ReturnType<typeof set>,
      ...ReturnType<typeof set>[],
    ];
    if (!b || !c || !d || !e) throw new Error("unreachable");
    put(a);
    age(a.hash, 50);
    put(b, "drill");
    age(b.hash, 40);
    put(c);
    age(c.hash, 30);
    const running = spawn(join(root, "current/host/program"), { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(running, "exit");
    running.stdin.write("");
    // It runs once bash has its own file open.
    for (let i = 0; !readdirSync(`/proc/${running.pid}/fd`).includes("255"); i++) {
      assert.ok(i < 400);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    put(d);
    age(d.hash, 20);
    put(e);
    assert.deepEqual(here(), [b, c, d, e].map(({ hash }) => hash).sort());
    running.stdin.end("go\n");
    await exited;
    assert.equal(run(["clean"]).status, 0);
    assert.deepEqual(here(), [b, d, e].map(({ hash }) => hash).sort());
    assert.equal(run(["remove", "drill"]).status, 0);
    assert.deepEqual(here(), [d, e].map(({ hash }) => hash).sort());
    assert.equal(run(["remove", "current"]).status, 0);
    assert.equal(existsSync(root), false);
    assert.equal(run(["remove", "current"]).status, 0, "gone is gone");
  });

  test("what a guard of a former version runs from stays in reach until the agent has taken its place", () => {
    const former = packSet([
      { path: "guard/stop-container", mode: "0755", content: "#!/usr/bin/env bash\n" },
      { path: "lib/a.bash", mode: "0644", content: "former" },
    ]);
    const stopped = () => readFileSync(join(root, "current/guard/stop-container"), "utf8");
    put(former);
    age(former.hash, 50);
    const all = ["one", "two", "three"].map(set);
    for (const [i, each] of all.entries()) {
      put(each);
      age(each.hash, 40 - i);
      assert.match(stopped(), /^#!/);
      assert.deepEqual(show(), { set: each.hash, whole: true });
    }
    assert.ok(here().includes(former.hash));
    // As host/start-agent does in the end.
    for (const { hash } of all) rmSync(join(root, "sets", hash, "guard"), { force: true });
    assert.equal(run(["clean"]).status, 0);
    assert.deepEqual(
      here(),
      all
        .slice(1)
        .map(({ hash }) => hash)
        .sort(),
    );
  });

  test("files of a version that knew no sets stay while one of them runs, and go after that", async () => {
    mkdirSync(root);
    for (const name of ["guard", "stop-container"])
      writeFileSync(join(root, name), "#!/usr/bin/env bash\nread -r _\n", { mode: 0o755 });
    const guard = spawn(join(root, "guard"), { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(guard, "exit");
    for (let i = 0; !readdirSync(`/proc/${guard.pid}/fd`).includes("255"); i++) {
      assert.ok(i < 400);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    put(set("one"));
    assert.ok(existsSync(join(root, "stop-container")));
    guard.stdin.end("go\n");
    await exited;
    assert.equal(run(["clean"]).status, 0);
    assert.deepEqual(readdirSync(root).sort(), ["current", "sets"]);
  });
});

describe("sets over SSH", () => {
  let server: TestServer;
  before(async () => {
    server = await new TestServer().start();
    process.env.HA_RANCHER_PROGRAMS = server.path("programs");
  });
  after(async () => {
    delete process.env.HA_RANCHER_PROGRAMS;
    closeAll();
    await server.stop();
  });
  const { hash } = packedSet("current");

  test("a script finds its set, or it is put there for it; arguments arrive as they are", async () => {
    const script = { path: "release/point", limit: 30_000 };
    const name = "no such $(container) 'x'";
    await assert.rejects(runNodeScript(server.endpoint, script, [name]), (error: Error) => {
      assert.ok(error.message.includes(`there is no container ${name} on this node`), error.message);
      return true;
    });
    assert.deepEqual(
      readdirSync(server.path("programs/sets")).filter((each) => !each.startsWith(".")),
      [hash],
    );
    assert.equal(
      existsSync(server.path("programs/current")),
      false,
      "what units use is for the resource to say",
    );
  });

  test("as a resource: made, found whole, found damaged, mended, and gone", async () => {
    const inputs = { ssh: server.endpoint, hash };
    const { id, outs } = await nodeSet.create(inputs);
    const state = outs as typeof inputs;
    assert.equal(readlinkSync(server.path("programs/current")), `sets/${hash}`);
    assert.deepEqual(await nodeSet.read(id as string, state), { id, props: inputs, inputs });
    assert.equal((await nodeSet.diff("id", state, inputs)).changes, false);
    writeFileSync(server.path("programs/current/host/agent"), "");
    const damaged = (await nodeSet.read("id", state)).props as typeof inputs;
    assert.equal((await nodeSet.diff("id", damaged, inputs)).changes, true);
    assert.deepEqual((await nodeSet.update("id", damaged, inputs)).outs, inputs);
    assert.deepEqual((await nodeSet.read("id", state)).inputs, inputs);
    await nodeSet.delete("id", state);
    assert.deepEqual(await nodeSet.read("id", state), { id: "" });
  });

  test("as what a stack of a version without sets has in its state: updated, not replaced", async () => {
    const former = { ssh: server.endpoint, files: {}, unfinished: false, retired: [] } as never;
    const news = { ssh: server.endpoint, hash };
    const { changes, replaces } = await nodeSet.diff("id", former, news);
    assert.deepEqual([changes, replaces], [true, []]);
    assert.deepEqual((await nodeSet.update("id", former, news)).outs, news);
    assert.equal(readlinkSync(server.path("programs/current")), `sets/${hash}`);
  });

  test("whether it changes is asked with a login ahead, which later questions use", async () => {
    closeAll();
    const inputs = { ssh: server.endpoint, hash };
    const before = server.logins;
    await nodeSet.diff("id", inputs, inputs);
    while (server.logins === before) await sleep(20);
    await nodeSet.read("id", inputs);
    assert.equal(server.logins, before + 1);
  });

  test("another set than this package has is refused", async () => {
    await assert.rejects(nodeSet.create({ ssh: server.endpoint, hash: "0".repeat(16) }), /run it again/);
    const { failures } = await nodeSet.check({}, { hash: "x" });
    assert.match(failures?.[0]?.reason ?? "", /16 hexadecimal digits/);
  });
});
