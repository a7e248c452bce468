import assert from "node:assert/strict";
import { join } from "node:path";
import { before } from "node:test";
import { startLab } from "../../lab";
import { buildImage } from "../../lab/image/build";
import { makeVariant } from "../../lab/image/variant";
import { registryMirror } from "../../lab/layout";
import { within } from "../../lab/namespace";
import { pushImage } from "../../lab/registry";
import { clock } from "../../local/clock";
import { data, haRancher, healthy, inLab, labNamespace, onNode, running } from "../lab/command";
import { set } from "../lab/stack-file";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { vip } from "./values";

/*
 * Two containers that are one service: a web server, which is well as long as it reaches its database, and the database; with a
 * hook before each start, and one after each stop. Both are of one image. Each test goes on from where the one before it stopped.
 */

/** Seconds. */
const healthyWithin = 240;
const folder = "/var/lib/postgresql/data";
const sockets = ["-h", "/var/run/postgresql", "-U", "postgres"];

/** Puts a version into the lab's registry. */
async function offer(tag: string): Promise<string> {
  const image = await buildImage(console.log, "postgres");
  const { layout, reference } = await makeVariant(image, { tag }, join(data, "images"));
  await pushImage({ layout, reference, registry: registryMirror, command: within(labNamespace) });
  return reference;
}

async function active(): Promise<string> {
  const [name = "", ...others] = running(await healthy(healthyWithin));
  assert.deepEqual(others, []);
  return name;
}

interface Told {
  container: string;
  companions: string[];
}

const toldOn = async (node: string): Promise<Told> =>
  JSON.parse(await onNode(node, "cat /etc/ha-rancher/service.json")) as Told;

/** Names of what runs on a node. */
const runningOn = async (node: string): Promise<string[]> =>
  (await onNode(node, "docker ps --format '{{.Names}}'")).trim().split("\n").filter(Boolean).sort();

async function sql(query: string): Promise<string> {
  const node = await active();
  const [db] = (await toldOn(node)).companions;
  return (await onNode(node, `docker exec ${db} psql ${sockets.join(" ")} -Atc "${query}"`)).trim();
}

/** What the hooks have noted. */
const noted = async (of: "web" | "db"): Promise<number> =>
  Number(await onNode(await active(), `cat /web_data/all/${of}/noted | wc -l`));

async function succeeds(...words: [string, ...string[]]): Promise<void> {
  const { code, stdout, stderr } = await haRancher(...words);
  assert.equal(code, 0, `${stdout}${stderr}`);
}

withStack({ down: ["--lab"], goesDown: true });

before(async () => {
  // The registry is the lab's.
  await startLab(console.log);
});

step("both come up on one node, in one control group and one network", async () => {
  const image = await offer("15.20.0");
  const note = ["sh", "-c", `date >>${folder}/noted`];
  set({
    ...{ workload: "container", image, dataDirectory: "/web_data", preset: "steady" },
    // What dev says of Rancher.
    httpPort: undefined,
    container: {
      ...{ name: "web", dataPath: folder, dataFolder: "all/web", datastore: "all" },
      command: ["sh", "-c", "exec busybox httpd -f -p 8080 -h /etc"],
      ports: [{ published: 8080 }, { published: 5432 }],
      health: [
        { http: { port: 8080, path: "/passwd" } },
        { tcp: 5432 },
        { command: ["pg_isready", "-q", "-h", "db"], deep: true },
      ],
      companions: [
        {
          ...{ name: "db", image, dataPath: folder, dataFolder: "all/db", stopSignal: "SIGINT" },
          environment: { PGDATA: `${folder}/pgdata`, POSTGRES_PASSWORD: "correct horse battery" },
          health: [{ command: ["pg_isready", "-q"] }],
        },
      ],
      hooks: {
        beforeStart: [{ name: "migrate", command: note }],
        afterStop: [{ name: "tidy", command: note, like: "db" }],
      },
      backup: {
        command: ["pg_dump", ...sockets, "--clean", "--if-exists", "postgres"],
        restore: ["psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", ...sockets, "-d", "postgres"],
        of: "db",
      },
    },
  });
  await succeeds("up");
  const node = await active();
  const { container, companions } = await toldOn(node);
  assert.deepEqual(await runningOn(node), [...companions, container].sort());
  const group = "/sys/fs/cgroup/system.slice/system-harancher.slice";
  assert.match(await onNode(node, `cat ${group}/cgroup.events`), /populated 1/);
  assert.equal(await noted("web"), 1);
  const { stdout } = await inLab("pulumi", "stack", "output", "url");
  assert.equal(stdout.trim(), `http://${vip}:8080`);
  await sql("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('first')");
});

step("a second up changes nothing", async () => {
  const { code, stdout } = await inLab("pulumi", "preview", "--expect-no-changes");
  assert.equal(code, 0, stdout);
});

step("the database is dumped and restored, and both go on", async () => {
  const node = await active();
  const since = async (): Promise<string> => {
    const { container, companions } = await toldOn(node);
    return await onNode(
      node,
      `docker container inspect --format '{{.State.StartedAt}}' ${[container, ...companions].join(" ")}`,
    );
  };
  const [started, file] = [await since(), join(data, "web.tar")];
  await succeeds("backup", "--to", file);
  await sql("INSERT INTO notes VALUES ('second')");
  await succeeds("restore", "--yes", file);
  assert.equal(await sql("SELECT text FROM notes"), "first");
  assert.equal(await since(), started);
});

step("a database that is killed takes the web server with it, and both come back on the node", async () => {
  const node = await active();
  const [db] = (await toldOn(node)).companions;
  const starts = await noted("web");
  await onNode(node, `docker kill ${db}`);
  const end = clock() + healthyWithin * 1_000;
  while ((await noted("web")) === starts) assert.ok(clock() < end, "nothing was started anew");
  assert.equal(await active(), node);
  assert.equal(await sql("SELECT text FROM notes"), "first");
});

step("a switchover stops both in order, and both start on the other node", async () => {
  const [from, stops] = [await active(), await noted("db")];
  await succeeds("switchover");
  assert.notEqual(await active(), from);
  assert.equal(await noted("db"), stops + 1);
  assert.deepEqual(await runningOn(from), []);
  assert.equal(await sql("SELECT text FROM notes"), "first");
});

step("another image of the database is an upgrade of the service", async () => {
  const before = await toldOn(await active());
  const companion = "container.companions.0.image";
  set({ [companion]: await offer("15.20.1") });
  await succeeds("up");
  const after = await toldOn(await active());
  assert.notEqual(after.container, before.container);
  assert.equal(await sql("SELECT text FROM notes"), "first");
});
