import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildImage, type Image } from "../../lab/image/build";
import { parseReference, pushImage, startRegistry, stopRegistry } from "../../lab/registry";
import { packageRoot } from "../../local/root";
import { run, tryRun } from "../../local/run";

/*
 * The stand-in image without a container engine: its root folder, unpacked, runs as PID 1 of its own namespaces.
 * Needs root, umoci, skopeo, docker-registry, iproute2 and curl; everything stays in a network namespace of its own.
 */

const namespace = `ha-rancher-image-${process.pid}`;
const within = (argv: string[]): string[] => ["ip", "netns", "exec", namespace, ...argv];
const inside = (...argv: string[]) => tryRun("ip", within(argv).slice(1));
const curl = async (...args: string[]) => (await inside("curl", "-sk", "-m", "5", ...args)).stdout;

let image: Image;
let folder: string;
let root: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ha-rancher-image-"));
  await run("ip", ["netns", "add", namespace]);
  image = await buildImage((line) => console.log(line));
  await run("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  const bundle = join(folder, "bundle");
  const { tag } = parseReference(image.reference);
  await run("umoci", ["unpack", "--image", `${image.layout}:${tag}`, bundle]);
  root = join(bundle, "rootfs");
});

after(async () => {
  for (const container of running) container.child.kill("SIGKILL");
  for (const home of ["registry", "registry2"]) await stopRegistry(join(folder, home));
  await run("ip", ["netns", "del", namespace]);
  await rm(folder, { recursive: true, force: true });
});

interface Container {
  child: ChildProcess;
  output: () => string;
  /** Exit code. */
  ended: Promise<number | null>;
}
const running = new Set<Container>();

/** What a container engine does, as far as the image asks for it: namespaces, /dev, /proc, the data directory. */
const contain = `
  set -eu
  root=$1 data=$2 devices=$3
  mount --bind "$data" "$root/var/lib/rancher"
  mount -t tmpfs tmpfs "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount -t proc proc "$root/proc"
  for device in $devices; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
  cd /
  exec env -i PATH=/usr/bin:/bin HOME=/root XDG_DATA_HOME=/run XDG_CONFIG_HOME=/run \${4:+"CATTLE_BOOTSTRAP_PASSWORD=$4"} \\
    "$(command -v chroot)" "$root" /bin/sh -c 'cd /var/lib/rancher && exec entrypoint.sh'`;

function start(data: string, { privileged = true, password = "" } = {}): Container {
  const devices = ["null", "zero", "urandom", ...(privileged ? ["kmsg"] : [])].join(" ");
  const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
  const [program = "", ...args] = within([
    ...unshare,
    "sh",
    "-c",
    contain,
    "sh",
    root,
    data,
    devices,
    password,
  ]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const container: Container = {
    child,
    output: () => output,
    ended: new Promise((resolve) =>
      child.once("close", (code) => {
        running.delete(container);
        resolve(code);
      }),
    ),
  };
  running.add(container);
  return container;
}

/** The entry point's process, as this machine numbers it: the only child of `unshare`. */
async function entry({ child }: Container): Promise<number> {
  return Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
}

async function healthy(container: Container): Promise<number> {
  const started = Date.now();
  while (!(await curl("https://127.0.0.1/healthz")).includes('"true"')) {
    assert.ok(Date.now() - started < 60_000 && running.has(container), container.output());
    await sleep(50);
  }
  return Date.now() - started;
}

/** As `docker stop`; gives the exit code and the milliseconds that it took. */
async function stop(container: Container): Promise<{ code: number | null; took: number }> {
  const started = Date.now();
  process.kill(await entry(container), "SIGTERM");
  const code = await container.ended;
  return { code, took: Date.now() - started };
}

const dataFolder = async (name: string): Promise<string> => {
  const data = join(folder, name);
  await mkdir(data);
  return data;
};

test("the same sources give the same digest, and the second build does nothing", async () => {
  const said: string[] = [];
  const started = Date.now();
  assert.deepEqual(await buildImage((line) => said.push(line)), image);
  assert.deepEqual(said, []);
  console.log(`cached image found in ${Date.now() - started} ms`);
  assert.match(image.reference, /^ha-rancher\/rancher-stand-in:[\w.-]+@sha256:[0-9a-f]{64}$/);
});

test("refuses to start without --privileged, in Rancher's words, and leaves the data alone", async () => {
  const data = await dataFolder("refused");
  const container = start(data, { privileged: false });
  assert.equal(await container.ended, 1);
  assert.match(
    container.output(),
    /ERROR: Rancher must be ran with the --privileged flag when running outside of Kubernetes/,
  );
  assert.deepEqual(await readdir(data), []);
});

test("serves, stops at once, and starts on its data as a new cluster", async () => {
  const data = await dataFolder("data");
  const secret = join(data, "bootstrap-secret");
  const first = start(data, { password: "correct horse" });
  console.log(`healthy after ${await healthy(first)} ms on an empty folder`);
  assert.match(first.output(), /Starting with an empty datastore/);
  assert.doesNotMatch(first.output(), /correct horse|Bootstrap Password/);

  // HTTPS without a server name (an address), with one, and HTTP.
  assert.equal(await curl("https://127.0.0.1/ping"), "pong");
  assert.equal(
    await curl("--resolve", "rancher.example:443:127.0.0.1", "https://rancher.example/ping"),
    "pong",
  );
  assert.equal(await curl("http://127.0.0.1/ping"), "pong");
  assert.equal(await curl("-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1/other"), "404");

  // The page for people, what it shows, and what it counts with.
  assert.match(await curl("https://127.0.0.1/"), /^<!doctype html>[\s\S]*\/face\.json[\s\S]*<\/html>\n$/);
  const face = async () => {
    // It is written beside the start, which does not wait for it.
    while (!(await curl("https://127.0.0.1/face.json")).startsWith("{")) await sleep(50);
    return JSON.parse(await curl("https://127.0.0.1/face.json"));
  };
  const { node, since, starts } = await face();
  assert.ok(node.length > 0 && Math.abs(Date.now() / 1000 - since) < 300, JSON.stringify(await face()));
  assert.equal(starts, 1);
  assert.equal(await curl("-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1/served"), "404");
  await mkdir(join(data, ".snap"));
  await writeFile(join(data, ".snap", "served"), "rancher-1 7\n");
  assert.equal(await curl("https://127.0.0.1/served"), "rancher-1 7\n");
  const counted = (...args: string[]) => curl("-X", "PUT", "-o", "/dev/null", "-w", "%{http_code}", ...args);
  const counter = "https://127.0.0.1/kv/counter";
  assert.equal(await counted("-d", "value=1", `${counter}?prevExist=false`), "201");
  assert.equal(await counted("-d", "value=2", `${counter}?prevValue=1`), "200");
  assert.equal(await counted("-d", "value=2", `${counter}?prevValue=1`), "412");

  const value = 'a "value" with spaces & signs = 100 %\nand lines';
  await curl("-X", "PUT", "--data-urlencode", `value=${value}`, "https://127.0.0.1/kv/some/key");
  assert.equal(JSON.parse(await curl("https://127.0.0.1/kv/some/key")).node.value, value);
  const encoded = JSON.stringify({ key: btoa("other"), value: btoa("one") });
  await curl("-d", encoded, "https://127.0.0.1/v3/kv/put");

  // etcd is reached through the front only.
  const listening = (await inside("ss", "-Hltn")).stdout.split("\n").map((line) => line.split(/\s+/)[3]);
  assert.deepEqual(listening.filter(Boolean).sort(), [
    "*:443",
    "*:80",
    "127.0.0.1:2379",
    "127.0.0.1:2380",
    "127.0.0.1:8081",
  ]);

  const hash = await readFile(secret, "utf8");
  assert.match(hash, /^\$6\$/);
  assert.equal((await stat(secret)).mode & 0o777, 0o600);
  const salt = hash.split("$")[2] ?? "";
  assert.equal(
    (await run("chroot", [root, "mkpasswd", "-m", "sha512", "-S", salt, "correct horse"])).stdout,
    hash,
  );

  const stopped = await stop(first);
  console.log(`stopped in ${stopped.took} ms`);
  assert.equal(stopped.code, 0, first.output());
  assert.ok(stopped.took < 3_000);
  assert.ok((await stat(join(data, "k3s/server/db/etcd/member/wal"))).isDirectory());

  const second = start(data, { password: "another" });
  console.log(`healthy after ${await healthy(second)} ms on existing data`);
  assert.match(second.output(), /Starting on the existing datastore as a new cluster/);
  assert.match(second.output(), /forcing restart member/);
  assert.equal(JSON.parse(await curl("https://127.0.0.1/kv/some/key")).node.value, value);
  assert.equal(
    JSON.parse(await curl("-d", encoded, "https://127.0.0.1/v3/kv/range")).kvs[0].value,
    btoa("one"),
  );
  assert.equal(await readFile(secret, "utf8"), hash);
  assert.equal(JSON.parse(await curl(counter)).node.value, "2");
  assert.equal((await face()).starts, 2);

  // Killed, as by a power cut: what was acknowledged is there.
  await curl("-X", "PUT", "-d", "value=last", "https://127.0.0.1/kv/last");
  process.kill(await entry(second), "SIGKILL");
  await second.ended;
  const third = start(data);
  await healthy(third);
  assert.equal(JSON.parse(await curl("https://127.0.0.1/kv/last")).node.value, "last");
  assert.equal((await stop(third)).code, 0);
});

test("its database names one member, and another one that is there and gone is seen", async () => {
  const data = await dataFolder("members");
  const container = start(data, { password: "one" });
  await healthy(container);
  const count = async (): Promise<string> => {
    const program = "import sys; from agent.upgrade_looks import members_of; print(members_of(sys.argv[1]))";
    const file = join(data, "k3s/server/db/etcd/member/snap/db");
    const env = { ...process.env, PYTHONPATH: join(packageRoot, "node") };
    return (await run("python3", ["-B", "-c", program, file], { env })).stdout.trim();
  };
  assert.equal(await count(), "1");
  // A learner has no vote, so that the one goes on alone.
  const learner = JSON.stringify({ peerURLs: ["http://127.0.0.1:9999"], isLearner: true });
  assert.match(await curl("-X", "POST", "-d", learner, "https://127.0.0.1/v3/cluster/member/add"), /member/);
  await sleep(1_000);
  assert.equal(await count(), "2");
  await stop(container);
  assert.equal(await count(), "2");
});

test("takes the drill's writes through Rancher's own API, with the password of the first login", async () => {
  const data = await dataFolder("api");
  let container = start(data, { password: "correct horse" });
  await healthy(container);
  const place = "rancher://127.0.0.1";
  const program = join(packageRoot, "dist", "test", "image", "writes-client.js");
  const spawned = (given: string) => {
    const [command = "", ...args] = within([process.execPath, program, place, "a run"]);
    return spawn(command, args, { env: { ...process.env, DRILL_PASSWORD: given } });
  };
  const wrong = await curl(
    ...["-H", "Content-Type: application/json", "-w", " %{http_code}"],
    ...["-d", '{"username":"admin","password":"wrong"}'],
    "https://127.0.0.1/v3-public/localProviders/local?action=login",
  );
  assert.match(wrong, /"code":"Unauthorized".* 401$/s);

  const client = spawned("correct horse");
  let dots = 0;
  client.stderr.on("data", (text: Buffer) => {
    dots += text.toString().split(".").length - 1;
  });
  const further = async (count: number): Promise<void> => {
    const wanted = dots + count;
    for (const limit = Date.now() + 60_000; dots < wanted; await sleep(20))
      assert.ok(Date.now() < limit, `${dots} writes, not ${wanted}: ${container.output()}`);
  };
  await further(20);
  process.kill(await entry(container), "SIGKILL");
  await container.ended;
  container = start(data);
  await further(20);
  let printed = "";
  client.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  client.stdin.end();
  await new Promise((resolve) => client.once("close", resolve));
  const found = JSON.parse(printed);
  assert.ok(found.acknowledged >= 40, printed);
  assert.deepEqual([found.lost, found.duplicated, found.reordered, found.left], [[], [], [], []]);
  assert.equal((await stop(container)).code, 0);
});

test("generates and logs a bootstrap password if none is given", async () => {
  const container = start(await dataFolder("generated"));
  await healthy(container);
  assert.match(container.output(), /^Bootstrap Password: \w{20,}$/m);
  assert.equal((await stop(container)).code, 0);
});

for (const program of ["etcd", "caddy"]) {
  test(`ends with an error when ${program} dies`, async () => {
    const container = start(await dataFolder(program));
    await healthy(container);
    const pid = await entry(container);
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8"))
      .trim()
      .split(" ")
      .map(Number);
    // Others than the one that is meant may have ended meanwhile.
    const nameOf = (child: number) => readFile(`/proc/${child}/comm`, "utf8").catch(() => "");
    for (const child of children)
      if ((await nameOf(child)).trim() === program) process.kill(child, "SIGKILL");
    assert.equal(await container.ended, 1);
    assert.match(container.output(), program === "etcd" ? /ERROR: etcd ended/ : /ERROR: the web front ended/);
  });
}

test("the registry serves the image under its digest, and is started and stopped once", async () => {
  const home = join(folder, "registry");
  const registry = { home, address: "127.0.0.1", port: 5000, command: within };
  await startRegistry(registry);
  const pid = await readFile(join(home, "registry.pid"), "utf8");
  let started = Date.now();
  await startRegistry(registry);
  console.log(`running registry found in ${Date.now() - started} ms`);
  assert.equal(await readFile(join(home, "registry.pid"), "utf8"), pid);

  const { repository, tag, digest } = parseReference(image.reference);
  const push = { ...image, registry: "http://127.0.0.1:5000", command: within };
  started = Date.now();
  await pushImage(push);
  console.log(`pushed in ${Date.now() - started} ms`);
  started = Date.now();
  await pushImage(push);
  console.log(`found in the registry in ${Date.now() - started} ms`);
  for (const name of [`${repository}:${tag}`, `${repository}@${digest}`]) {
    const inspect = ["skopeo", "inspect", "--tls-verify=false", `docker://127.0.0.1:5000/${name}`];
    const [program = "", ...args] = within(inspect);
    assert.equal(JSON.parse((await run(program, args)).stdout).Digest, digest);
  }

  // Killed: started again, with what it had.
  process.kill(Number(pid), "SIGKILL");
  await startRegistry(registry);
  await pushImage({ ...push, layout: "/nonexistent" });
  // A port that is taken is said, and leaves nothing behind.
  await assert.rejects(
    startRegistry({ ...registry, home: join(folder, "registry2") }),
    /address already in use/,
  );
  await stopRegistry(home);
  await stopRegistry(home);
  assert.equal((await inside("curl", "-s", "http://127.0.0.1:5000/v2/")).code, 7);
  await startRegistry({ ...registry, port: 5001 });
  assert.equal((await inside("curl", "-s", "http://127.0.0.1:5001/v2/")).code, 0);
});
