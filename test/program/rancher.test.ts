import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import type { Upgrades } from "../../domain/upgrades";
import { backupShape } from "../../settings/backup";
import { imageShape } from "../../settings/image";
import { rancherShape } from "../../workloads/rancher/settings";
import { ca, caKey, certificate, key } from "../unit/certificate-fixture";
import { agents, changes, container, isSecret, plain, register } from "./changes";
import { lab, type Registered } from "./mocks";

const tls = { certificate, key };
const otherTls = { certificate: ca, key: caKey };

const find = (all: Registered[], type: string, name: RegExp): Registered =>
  all.find((each) => each.type === type && name.test(each.name)) ??
  assert.fail(`no ${type} ${name} among ${all.map((each) => each.name).join(", ")}`);
const containerOf = (all: Registered[]): Registered =>
  find(all, "docker:index/container:Container", /^ha-rancher-rancher-one-rancher-[0-9a-f]{8}$/);
const environmentOf = (all: Registered[]): string[] => plain(containerOf(all).inputs.envs) as string[];

describe("what the official docker plugin is given", () => {
  test("a container: made and never started, by nobody but the agent", async () => {
    const all = await register();
    const containers = all.filter(({ type }) => type === "docker:index/container:Container");
    assert.equal(containers.length, 2);
    for (const { name, inputs } of containers) {
      const { envs, ...rest } = inputs;
      assert.match(name, /^ha-rancher-rancher-(one|two)-rancher-[0-9a-f]{8}$/);
      assert.ok(isSecret(envs), "the environment is a secret");
      assert.deepEqual(plain(envs), [
        "CATTLE_BOOTSTRAP_PASSWORD=a password",
        "CATTLE_SERVER_URL=https://192.168.56.10",
      ]);
      assert.deepEqual(rest, {
        name: name.replace(/^ha-rancher-rancher-(one|two)-/, ""),
        image: "sha256:1234",
        start: false,
        mustRun: false,
        restart: "no",
        privileged: true,
        destroyGraceSeconds: 30,
        ports: [{ internal: 443, external: 443 }],
        labels: [
          { label: "ha-rancher.image", value: lab.image },
          { label: "ha-rancher.health", value: "https://127.0.0.1:443/healthz" },
          { label: "ha-rancher.deep", value: "https://127.0.0.1:443/v3/settings/cacerts" },
        ],
        mounts: [
          { type: "bind", source: "/rancher_data", target: "/var/lib/rancher" },
          { type: "volume", source: "rancher-agent", target: "/var/lib/rancher/k3s/agent" },
        ],
      });
    }
  });

  test("a tag that moved replaces no container: the image's id is looked at when one is made, and not after", async () => {
    const ignored: (string[] | undefined)[] = [];
    const notes: pulumi.ResourceTransformation = ({ type, opts }) => {
      if (type === "docker:index/container:Container") ignored.push(opts.ignoreChanges);
      return undefined;
    };
    await register({}, { transformations: [notes] });
    assert.deepEqual(ignored, [["image"], ["image"]]);
  });

  test("an image, pulled on every node, and a volume that stays on the node", async () => {
    const all = await register();
    for (const node of ["one", "two"]) {
      const image = find(
        all,
        "docker:index/remoteImage:RemoteImage",
        new RegExp(`^ha-rancher-rancher-${node}-image$`),
      );
      assert.deepEqual(image.inputs, { name: lab.image, keepLocally: true });
      assert.match(String(image.provider), new RegExp(`${node}-docker`));
      const volume = find(
        all,
        "docker:index/volume:Volume",
        new RegExp(`^ha-rancher-rancher-${node}-rancher-agent$`),
      );
      assert.deepEqual(volume.inputs, { name: "rancher-agent" });
    }
  });

  test("ports, certificate, audit log, registry of its own, host name and further variables", async () => {
    const all = await register({
      httpsPort: "3300",
      httpPort: "3380",
      hostname: "rancher.example.com",
      tls: { ...tls, ca },
      auditLog: { level: 2, maxAge: 30 },
      systemRegistry: "registry.example.com:5000",
      extraEnvironment: { HTTP_PROXY: "http://me:secret@proxy:3128", N: 1 },
      agentVolume: "fast-disk",
    });
    const { inputs } = containerOf(all);
    const labels = inputs.labels as { label: string; value: string }[];
    // The light question of each second goes without TLS where it can.
    assert.deepEqual(labels.map(({ value }) => value).slice(1), [
      "http://127.0.0.1:3380/healthz",
      "https://127.0.0.1:3300/v3/settings/cacerts",
    ]);
    assert.deepEqual(inputs.ports, [
      { internal: 80, external: 3380 },
      { internal: 443, external: 3300 },
    ]);
    assert.deepEqual(environmentOf(all), [
      "CATTLE_BOOTSTRAP_PASSWORD=a password",
      "CATTLE_SERVER_URL=https://rancher.example.com:3300",
      "CATTLE_SYSTEM_DEFAULT_REGISTRY=registry.example.com:5000",
      "CATTLE_SYSTEM_CATALOG=bundled",
      "AUDIT_LOG_ENABLED=true",
      "AUDIT_LEVEL=2",
      "AUDIT_LOG_PATH=/var/log/auditlog/rancher-api-audit.log",
      "AUDIT_LOG_MAXAGE=30",
      "AUDIT_LOG_MAXBACKUP=10",
      "AUDIT_LOG_MAXSIZE=100",
      "HTTP_PROXY=http://me:secret@proxy:3128",
      "N=1",
    ]);
    assert.deepEqual(inputs.volumes, [
      { hostPath: "/var/log/rancher/auditlog", containerPath: "/var/log/auditlog" },
    ]);
    // With a CA of one's own Rancher gives that to its agents.
    assert.equal(inputs.command, undefined);
    const targets = (inputs.mounts as { target: string; source: string }[]).map(({ target }) => target);
    assert.deepEqual(targets.slice(2), [
      "/etc/rancher/ssl/cert.pem",
      "/etc/rancher/ssl/key.pem",
      "/etc/rancher/ssl/cacerts.pem",
    ]);
    assert.equal((inputs.mounts as { source: string }[])[1]?.source, "fast-disk");
    const files = find(
      all,
      "pulumi-nodejs:dynamic/remote:Files",
      /^ha-rancher-rancher-one-rancher-[0-9a-f]{8}-tls$/,
    );
    for (const mount of (inputs.mounts as { source: string; readOnly?: boolean }[]).slice(2)) {
      const file = (plain(files.inputs.files) as Record<string, { content: string; mode: string }>)[
        mount.source
      ];
      assert.equal(mount.readOnly, true);
      assert.equal(file?.mode, "0600");
      assert.match(file?.content ?? "", /^-----BEGIN/);
    }
  });

  test("a release that names the container, after it is on all nodes", async () => {
    const all = await register({ httpsPort: "3300", startDeadline: "120" });
    const { inputs } = find(all, "pulumi-nodejs:dynamic/rancher:Release", /^ha-rancher-rancher-release$/);
    const { endpoints, ...rest } = inputs;
    assert.ok(isSecret(endpoints));
    assert.deepEqual(Object.keys(plain(endpoints) as object), ["one", "two"]);
    delete rest.__provider;
    assert.ok((rest.causes as unknown[]).length > 5);
    delete rest.causes;
    const { lines, traps } = rest.upgrades as Upgrades;
    assert.ok(lines.some(({ line, newest }) => line === "2.14" && newest === "v2.14.3"));
    // Of the stand-in no memory is asked.
    assert.deepEqual(
      traps.map(({ into }) => into),
      ["2.13", "2.14"],
    );
    delete rest.upgrades;
    assert.deepEqual(rest, {
      title: "Rancher",
      healthPath: "/healthz",
      healthStatus: [],
      companionImages: {},
      container: containerOf(all).inputs.name,
      image: lab.image,
      url: "https://192.168.56.10:3300",
      startDeadline: 120,
      allowDowngrade: false,
      discardWritesOf: "",
    });
  });

  test("a certificate of a public CA: agents get no CA", async () => {
    assert.deepEqual(containerOf(await register({ tls })).inputs.command, ["--no-cacerts"]);
  });

  test("a login goes to the registry that the image is in", async () => {
    const registryLogin = { username: "me", password: "secret" };
    for (const [image, address] of [
      ["registry.example.com:5000/rancher/rancher:v2.12.3", "registry.example.com:5000"],
      // By this name the official plugin looks for Docker Hub's, unless the image names the Hub itself.
      ["rancher/rancher:v2.12.3", "registry-1.docker.io"],
      ["docker.io/rancher/rancher:v2.12.3", "docker.io"],
    ]) {
      const { inputs } = find(
        await register({ image, registryLogin }),
        "pulumi:providers:docker",
        /^ha-rancher-rancher-one-docker$/,
      );
      assert.ok(isSecret(inputs.registryAuth));
      assert.deepEqual(JSON.parse(String(plain(inputs.registryAuth))), [{ address, ...registryLogin }]);
    }
  });

  test("an environment that leads Docker's plugin to another engine is refused, with the way out", async () => {
    process.env.DOCKER_CONTEXT = "mine";
    try {
      await assert.rejects(
        register(),
        /would take DOCKER_CONTEXT of this environment .*`unset DOCKER_CONTEXT`/,
      );
    } finally {
      delete process.env.DOCKER_CONTEXT;
    }
  });

  test("no secret is in a name or in clear", async () => {
    const secrets = {
      extraEnvironment: { TOKEN: "hunter2" },
      tls,
      registryLogin: { username: "u", password: "hunter2" },
    };
    const ofKey = key.split("\n")[2] ?? assert.fail("the key has no second line");
    for (const { name, inputs, type } of await register({ ...secrets, image: "r.example/a:v1" })) {
      const shown = JSON.stringify(inputs, (_key, value: unknown) => (isSecret(value) ? "[secret]" : value));
      assert.doesNotMatch(`${name} ${shown}`, new RegExp(`hunter2|${ofKey}|a password`), `${type} ${name}`);
    }
  });
});

describe("a change of one setting changes this and nothing else", () => {
  const table: [setting: Record<string, unknown>, from: Record<string, unknown>, wanted: string[]][] = [
    [
      { httpsPort: "3300" },
      {},
      // Where the observer finds the certificate.
      [
        ...container("envs, labels, ports", "container, url"),
        "~ Files *-agent-files: files",
        "~ HaRancher ha-rancher: httpsPort",
      ],
    ],
    [{ httpPort: "80" }, {}, container("labels, ports")],
    [{ hostname: "rancher.example.com" }, {}, container("envs")],
    [
      { image: "rancher/rancher:v2.13.3" },
      { image: "rancher/rancher:v2.12.3" },
      [...container("labels", "container, image"), "~ RemoteImage *-image: name"],
    ],
    [{ allowDowngrade: "true" }, {}, ["~ Release release: allowDowngrade"]],
    [{ discardWritesOf: "rancher-1a2b3c4d" }, {}, ["~ Release release: discardWritesOf"]],
    [{ extraEnvironment: { A: "2" } }, { extraEnvironment: { A: "1" } }, container("envs")],
    [{ systemRegistry: "registry.example.com" }, {}, container("envs")],
    [{ auditLog: { level: 1 } }, {}, container("envs, volumes")],
    [{ auditLog: { level: 2 } }, { auditLog: { level: 1 } }, container("envs")],
    [{ tls }, {}, [...container("command, mounts"), "+ Files *-rancher-#-tls"]],
    // Files of its own, beside those of the old one.
    [{ tls: otherTls }, { tls }, [...container("mounts"), "~ Files *-rancher-#-tls: files"]],
    [{ agentVolume: "other" }, {}, [...container("mounts"), "+ Volume *-other", "- Volume *-rancher-agent"]],
    [
      { backup: { schedule: "daily" } },
      {},
      [
        "+ Backups backups",
        "+ Command *-backup-timer",
        "+ Files *-backup-units",
        "+ Kept *-backup-timer-kept",
        // When the observer calls a backup old.
        "~ Files *-agent-files: files",
      ],
    ],
    [
      { backup: { schedule: "weekly" } },
      { backup: { schedule: "daily" } },
      [
        "~ Command *-backup-timer: create, stdin, update",
        "~ Files *-agent-files: files",
        "~ Files *-backup-units: files",
        "~ Kept *-backup-timer-kept: mend",
      ],
    ],
    [{ backup: { keep: 3 } }, {}, []],
    [
      { snapshots: { schedule: "hourly" } },
      {},
      [
        "+ Command *-snapshot-timer",
        "+ Files *-snapshot-units",
        "+ Kept *-snapshot-timer-kept",
        "+ Snapshots snapshots",
      ],
    ],
    [{ snapshots: { keep: 3 } }, {}, []],
    [{ registryMirrors: ["https://mirror.example.com"] }, {}, ["~ DaemonSettings *-docker-settings: lists"]],
    [
      { imageArchive: { file: "/images/rancher.tar", sha256: "b".repeat(64) } },
      {},
      ["+ ImageArchive *-image-archive"],
    ],
    [{ registryLogin: { username: "me", password: "secret" } }, {}, ["~ docker *-docker: registryAuth"]],
    [{ startDeadline: "120" }, {}, [...agents, "~ Release release: startDeadline"]],
    [{ guard: { stopGrace: 45 } }, {}, [...agents, "~ Container *-rancher-#: destroyGraceSeconds"]],
    [{ guard: { copyLimit: 40 } }, {}, agents],
  ];
  for (const [setting, from, wanted] of table)
    test(`${Object.keys(setting).join()}${Object.keys(from).length ? ", changed" : ", set"}`, async () => {
      const before = await register(from);
      const after = await register({ ...from, ...setting });
      assert.deepEqual(changes(before, after), [...wanted].sort());
      // What needs another container must not touch the one that runs.
      const [old, now] = [containerOf(before), containerOf(after)];
      assert.equal(old.name !== now.name, old.inputs.name !== now.inputs.name);
      assert.equal(
        old.name !== now.name,
        wanted.some((line) => /^~ Release .*container/.test(line)),
      );
    });

  test("every setting of Rancher is in the table", () => {
    const named = new Set(table.flatMap(([setting]) => Object.keys(setting)));
    assert.deepEqual(
      // `memoryFloor` is for hosts alone: test/unit/host-provider.test.ts.
      Object.keys({ ...rancherShape, ...imageShape, ...backupShape }).filter(
        (name) => name !== "memoryFloor" && !named.has(name),
      ),
      [],
    );
  });

  test("nothing changes without a change", async () => {
    assert.deepEqual(changes(await register(), await register()), []);
  });
});
