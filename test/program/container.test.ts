import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { isSecret, plain, register } from "./changes";
import type { Registered } from "./mocks";

/* `workload: container`: what a stack's settings make of it. */

const postgres = {
  workload: "container",
  image: "registry.example.com/postgres:15.6",
  dataDirectory: "/postgres_data",
  container: {
    name: "postgres",
    dataPath: "/var/lib/postgresql/data",
    datastore: "pgdata",
    ports: [{ published: 5432 }, { published: 9187, target: 80 }, { published: 514, protocol: "udp" }],
    health: [{ tcp: 5432 }, { command: ["pg_isready", "-q"], deep: true }, { log: "ready" }],
    environment: { PGDATA: "/var/lib/postgresql/data/pgdata", POSTGRES_PASSWORD: "hunter2" },
    command: ["postgres", "-c", "fsync=on"],
    volumes: [{ name: "postgres-run", path: "/var/run/postgresql" }],
    user: "999:999",
    capabilities: { add: ["SYS_NICE"] },
    memory: 512,
    cpus: 1.5,
    sharedMemory: 128,
    stopSignal: "SIGINT",
    backup: { command: ["pg_dumpall"], restore: ["psql", "-q"] },
  },
};

const find = (all: Registered[], type: string, name: RegExp): Registered =>
  all.find((each) => each.type.endsWith(type) && name.test(each.name)) ??
  assert.fail(`no ${type} ${name} among ${all.map((each) => each.name).join(", ")}`);

describe("a container of one's own", () => {
  test("is made of what the settings say, and never started", async () => {
    const all = await register(postgres);
    const { inputs } = find(all, "container:Container", /^ha-rancher-service-one-postgres-[0-9a-f]{8}$/);
    const { envs, name, ...rest } = inputs;
    assert.match(String(name), /^postgres-[0-9a-f]{8}$/);
    assert.ok(isSecret(envs), "the environment is a secret");
    assert.deepEqual(plain(envs), ["PGDATA=/var/lib/postgresql/data/pgdata", "POSTGRES_PASSWORD=hunter2"]);
    assert.deepEqual(rest, {
      image: "sha256:1234",
      ...{ start: false, mustRun: false, restart: "no", destroyGraceSeconds: 30 },
      ports: [
        { internal: 80, external: 9187 },
        { internal: 514, external: 514, protocol: "udp" },
        { internal: 5432, external: 5432 },
      ],
      ...{ user: "999:999", capabilities: { adds: ["SYS_NICE"], drops: [] } },
      ...{ memory: 512, memorySwap: 1024, cpus: "1.5", shmSize: 128, stopSignal: "SIGINT" },
      labels: [
        { label: "ha-rancher.image", value: "registry.example.com/postgres:15.6" },
        {
          label: "ha-rancher.questions",
          value: JSON.stringify([
            { tcp: "127.0.0.1:5432" },
            { command: ["pg_isready", "-q"], deep: true },
            { log: "ready" },
          ]),
        },
        { label: "ha-rancher.volumes", value: "mounted" },
      ],
      mounts: [
        { type: "bind", source: "/postgres_data", target: "/var/lib/postgresql/data" },
        { type: "volume", source: "postgres-run", target: "/var/run/postgresql" },
      ],
      command: ["postgres", "-c", "fsync=on"],
    });
    assert.ok(!all.some(({ type }) => /Password/.test(type)), "no password of Rancher's");
  });

  test("is asked through the VIP at its port, and its datastore is the agent's to copy", async () => {
    const all = await register(postgres);
    const { title, url, healthPath, healthStatus } = find(
      all,
      "rancher:Release",
      /^ha-rancher-service-release$/,
    ).inputs;
    assert.deepEqual(
      [title, url, healthPath, healthStatus],
      ["postgres", "tcp://192.168.56.10:5432", "", []],
    );
    const { files } = find(all, "remote:Files", /^ha-rancher-software-one-agent-files$/).inputs;
    const text = (files as Record<string, { content: string }>)["/etc/ha-rancher/agent.json"]?.content ?? "";
    assert.equal(JSON.parse(text).data.datastore, "pgdata");
    assert.deepEqual(JSON.parse(text).backup, { command: ["pg_dumpall"], restore: ["psql", "-q"] });
  });

  test("a page among its questions is what is asked through the VIP, with its statuses", async () => {
    const health = [{ tcp: 9187 }, { http: { port: 9187, path: "/v2/", status: [200, 401] } }];
    const all = await register({ ...postgres, container: { ...postgres.container, health } });
    const { url, healthPath, healthStatus } = find(all, "rancher:Release", /release$/).inputs;
    assert.deepEqual([url, healthPath, healthStatus], ["http://192.168.56.10:9187", "/v2/", [200, 401]]);
  });

  test("another variable is another container; its name tells nothing of the secret", async () => {
    const nameWith = async (password: string): Promise<string> => {
      const environment = { POSTGRES_PASSWORD: password };
      const all = await register({ ...postgres, container: { ...postgres.container, environment } });
      return String(find(all, "container:Container", /-one-postgres-/).inputs.name);
    };
    const [one, same, other] = [await nameWith("a"), await nameWith("a"), await nameWith("b")];
    assert.equal(one, same);
    assert.notEqual(one, other);
  });
});

describe("several containers that are one service", () => {
  const { datastore: _, backup: __, ...alone } = postgres.container;
  const web = {
    ...postgres,
    image: "registry.example.com/web:2.1",
    container: {
      name: "web",
      dataPath: "/data",
      dataFolder: "web",
      datastore: "db",
      ports: [{ published: 8080, target: 80 }],
      health: [{ http: { port: 8080 } }],
      environment: { DATABASE: "postgres://db/web" },
      companions: [
        {
          ...{
            name: "db",
            image: "registry.example.com/postgres:15.6",
            dataPath: "/var/lib/postgresql/data",
          },
          ...{ dataFolder: "db", environment: { POSTGRES_PASSWORD: "hunter2" }, user: "999:999" },
          health: [{ command: ["pg_isready"] }],
        },
        { name: "cache", image: "registry.example.com/web:2.1", command: ["cache"] },
      ],
      hooks: {
        beforeStart: [{ name: "migrate", command: ["web", "migrate"], timeout: 12 }],
        afterStop: [{ name: "tidy", command: ["rm", "/x"], like: "db" }],
      },
      backup: { command: ["pg_dumpall"], of: "db" },
    },
  };
  const containersOf = (all: Registered[]) =>
    all
      .filter(({ type, name }) => type.endsWith("container:Container") && name.includes("-one-"))
      .map(({ inputs }) => inputs);

  test("share a control group, the network of the first one, and what their names end with", async () => {
    const all = await register(web);
    const made = containersOf(all);
    const names = made.map(({ name }) => String(name));
    const release = /^web-([0-9a-f]{8})$/.exec(
      names.find((name) => /^web-[0-9a-f]{8}$/.test(name)) ?? "",
    )?.[1];
    assert.deepEqual(
      names.sort(),
      ["cache", "db", "migrate", "tidy"]
        .map((name) => `web-${name}-${release}`)
        .concat(`web-${release}`)
        .sort(),
    );
    const of = (name: string) => made.find((each) => each.name === name) ?? assert.fail(name);
    const [main, db, cache, migrate, tidy] = [
      of(`web-${release}`),
      ...["db", "cache", "migrate", "tidy"].map((name) => of(`web-${name}-${release}`)),
    ] as Record<string, unknown>[];
    for (const each of made) {
      assert.deepEqual(
        [each.cgroupParent, each.start, each.restart],
        ["system-harancher.slice", false, "no"],
      );
      assert.ok(isSecret(each.envs));
    }
    const network = `container:web-db-${release}`;
    assert.deepEqual([main?.networkMode, cache?.networkMode], [network, network]);
    for (const each of [db, migrate, tidy]) assert.equal(each?.networkMode, undefined);
    assert.deepEqual([main?.ports, db?.ports], [[], [{ internal: 80, external: 8080 }]]);
    assert.deepEqual(
      db?.hosts,
      ["web", "db", "cache"].map((host) => ({ host, ip: "127.0.0.1" })),
    );
    assert.deepEqual(main?.volumes, [{ hostPath: "/postgres_data/web", containerPath: "/data" }]);
    assert.deepEqual(db?.volumes, [
      { hostPath: "/postgres_data/db", containerPath: "/var/lib/postgresql/data" },
    ]);
    assert.deepEqual([cache?.volumes, cache?.mounts], [undefined, []]);
    assert.deepEqual([migrate?.entrypoints, migrate?.command], [["web"], ["migrate"]]);
    assert.deepEqual(plain(migrate?.envs), ["DATABASE=postgres://db/web"]);
    assert.deepEqual([tidy?.user, tidy?.volumes], ["999:999", db?.volumes]);
    const labels = Object.fromEntries(
      (main?.labels as { label: string; value: string }[]).map(({ label, value }) => [label, value]),
    );
    assert.deepEqual(JSON.parse(labels["ha-rancher.pod"] ?? ""), {
      companions: [`web-db-${release}`, `web-cache-${release}`],
      before: [{ container: `web-migrate-${release}`, timeout: 12_000 }],
      after: [{ container: `web-tidy-${release}`, timeout: 20_000 }],
    });
    assert.deepEqual(JSON.parse(labels["ha-rancher.questions"] ?? ""), [
      { url: "http://127.0.0.1:8080/" },
      { command: ["pg_isready"], container: `web-db-${release}` },
    ]);
    const images = all.filter(
      ({ type, name }) => type.endsWith("remoteImage:RemoteImage") && name.includes("-one-"),
    );
    assert.deepEqual(
      images.map(({ name, inputs }) => [name, inputs.name]),
      [
        ["ha-rancher-service-one-image", "registry.example.com/web:2.1"],
        ["ha-rancher-service-one-image-db", "registry.example.com/postgres:15.6"],
      ],
    );
    const { companionImages, container } = find(all, "rancher:Release", /release$/).inputs;
    assert.equal(container, `web-${release}`);
    assert.equal((companionImages as Record<string, string>).db, "registry.example.com/postgres:15.6");
  });

  test("are all made anew for another image, variable or hook of one of them", async () => {
    const nameWith = async (more: object): Promise<string> => {
      const all = await register({ ...web, container: { ...web.container, ...more } });
      return String(find(all, "rancher:Release", /release$/).inputs.container);
    };
    const [db, cache] = web.container.companions;
    const names = [
      await nameWith({}),
      await nameWith({ companions: [{ ...db, image: "registry.example.com/postgres:15.7" }, cache] }),
      await nameWith({ companions: [{ ...db, environment: { POSTGRES_PASSWORD: "other" } }, cache] }),
      await nameWith({ companions: [{ ...db, health: [{ log: "ready" }] }, cache] }),
      await nameWith({ companions: [cache, db] }),
      await nameWith({ hooks: { beforeStart: web.container.hooks.beforeStart } }),
      await nameWith({
        hooks: { ...web.container.hooks, beforeStart: [{ name: "migrate", command: ["web", "migrate"] }] },
      }),
    ];
    assert.equal(new Set(names).size, names.length);
    assert.equal(await nameWith({}), names[0]);
  });

  test("with hooks alone the container has its own network", async () => {
    const hooks = { beforeStart: [{ name: "migrate", command: ["migrate"] }] };
    const all = await register({ ...postgres, container: { ...alone, datastore: "pgdata", hooks } });
    const made = containersOf(all);
    assert.equal(made.length, 2);
    const main = made.find(({ name }) => /^postgres-[0-9a-f]{8}$/.test(String(name)));
    assert.deepEqual(
      [main?.networkMode, main?.hosts, main?.cgroupParent],
      [undefined, undefined, "system-harancher.slice"],
    );
    assert.equal((main?.ports as unknown[]).length, 3);
  });
});

test("one workload's resources are found by the other's, so that it can be refused", async () => {
  const urnsOf = async (more: Record<string, unknown>): Promise<Map<string, Set<string>>> => {
    const found = new Map<string, Set<string>>();
    const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
      const aliases = (opts.aliases ?? []) as pulumi.Alias[];
      found.set(
        `${type} ${name}`,
        new Set(aliases.map((each) => `${each.type ?? type} ${each.name ?? name}`)),
      );
      return undefined;
    };
    await register(more, { transformations: [note] });
    return found;
  };
  const [rancher, container] = [await urnsOf({}), await urnsOf(postgres)];
  const address = await urnsOf({ workload: "address" });
  const of = "ha-rancher:components";
  assert.ok(rancher.get(`${of}:HaRancher ha-rancher`)?.has(`${of}:HaService ha-rancher`));
  assert.ok(container.get(`${of}:HaService ha-rancher`)?.has(`${of}:HaRancher ha-rancher`));
  // Its agents refuse it, and those of the others.
  for (const [from, to] of [
    [rancher, "HaRancher"],
    [container, "HaService"],
  ] as const) {
    assert.ok(from.get(`${of}:${to} ha-rancher`)?.has(`${of}:HaAddress ha-rancher`));
    assert.ok(address.get(`${of}:HaAddress ha-rancher`)?.has(`${of}:${to} ha-rancher`));
  }
  const rollout = "pulumi-nodejs:dynamic/agent:Rollout ha-rancher-agents-rollout";
  assert.ok([rancher, container, address].every((all) => all.has(rollout)));
  assert.ok(rancher.get(`${of}:Service ha-rancher-rancher`)?.has(`${of}:Service ha-rancher-service`));
  assert.ok(container.get(`${of}:Service ha-rancher-service`)?.has(`${of}:Service ha-rancher-rancher`));
});
