import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Values } from "../../lab/plugins/values";
import { isUnknown, unknown } from "../../lab/plugins/values";
import { digest, type FakeEngine, imageId, startEngine } from "./plugins-engine";
import { type PluginError, type PluginProcess, startPlugin } from "./plugins-process";
import { type Sshd, startSshd, unusedPort } from "./plugins-sshd";

const imageType = "docker:index/remoteImage:RemoteImage";
const containerType = "docker:index/container:Container";
const repository = "mirror.example:5000/team/app";
const pinned = `${repository}:v1@${digest(repository)}`;

const failureOf = (action: Promise<unknown>): Promise<PluginError> =>
  action.then(
    () => assert.fail("it did not fail"),
    (error) => error as PluginError,
  );

describe("the stand-in for the docker plugin", () => {
  const sockets = mkdtempSync(join(tmpdir(), "engine-"));
  let engine: FakeEngine;
  let sshd: Sshd;
  let plugin: PluginProcess;

  const config = (port = sshd.port, ...more: string[]): { host: string; sshOpts: string } => ({
    host: `ssh://${sshd.user}@127.0.0.1:${port}`,
    sshOpts: JSON.stringify([
      "-i",
      sshd.keyFile,
      "-o",
      `UserKnownHostsFile=${sshd.knownHostsFile}`,
      "-o",
      "ConnectTimeout=5",
      "-o",
      "BatchMode=yes",
      "-o",
      "ServerAliveInterval=5",
      "-o",
      "ServerAliveCountMax=3",
      "-o",
      "LogLevel=ERROR",
      ...more,
    ]),
  });

  before(async () => {
    engine = await startEngine(sockets);
    sshd = await startSshd({ docker: engine.socket });
    engine.registry
      .add(`${repository}@${digest(repository)}`)
      .add("nginx:latest")
      .add("crash:latest");
    engine.exitsAtOnce.add(imageId("crash"));
    plugin = await startPlugin("docker");
    await plugin.configure(config());
  });
  after(async () => {
    await plugin.stop();
    await sshd.close();
    await engine.close();
    rmSync(sockets, { recursive: true, force: true });
  });

  const checked = async (type: string, news: Values): Promise<Values> => {
    const { inputs, failures } = await plugin.check(type, news);
    assert.deepEqual(failures, []);
    return inputs;
  };
  const inputsOf = async (more: Values = {}): Promise<Values> =>
    await checked(containerType, {
      name: "rancher",
      image: imageId("nginx"),
      start: false,
      mustRun: false,
      restart: "no",
      privileged: true,
      destroyGraceSeconds: 30,
      ...more,
    });
  const made = async (inputs: Values): Promise<{ id: string; properties: Values }> => {
    await plugin.create(imageType, { name: "nginx:latest" });
    return await plugin.create(containerType, inputs);
  };

  test("tells its version", async () => {
    assert.equal(await plugin.version(), "5.2.0");
  });

  describe("provider configuration", () => {
    test("is taken as the SDK passes it, and values that are not known yet pass", async () => {
      assert.deepEqual((await plugin.checkConfig(config())).failures, []);
      assert.deepEqual((await plugin.checkConfig({ host: unknown, sshOpts: unknown })).failures, []);
    });

    test("a change of it replaces nothing", async () => {
      const diff = await plugin.diffConfig(config(), config(sshd.port, "-oIdentitiesOnly=yes"));
      assert.equal(diff.changes, 2);
      assert.deepEqual(diff.diffsList, ["sshOpts"]);
      assert.deepEqual(diff.replacesList, []);
    });

    for (const [title, news, wanted] of [
      ["a local engine", { host: "unix:///var/run/docker.sock" }, /`host` must be ssh:/],
      ["no host", {}, /`host` is missing/],
      ["no key", { host: "ssh://u@h", sshOpts: "[]" }, /`sshOpts` names no key/],
      [
        "an unknown ssh option",
        { host: "ssh://u@h", sshOpts: '["-i","k","-o","ProxyJump=x"]' },
        /proxyjump.*leave it out/,
      ],
      [
        "an unknown ssh flag",
        { host: "ssh://u@h", sshOpts: '["-i","k","-A"]' },
        /-A: the offline stand-in understands/,
      ],
      [
        "a key to accept unseen",
        { host: "ssh://u@h", sshOpts: '["-i","k","-oStrictHostKeyChecking=accept-new"]' },
        /yes or no/,
      ],
      [
        "a login for a registry",
        { host: "ssh://u@h", sshOpts: '["-i","k"]', registryAuth: "[]" },
        /`registryAuth` is not implemented.*without a login/,
      ],
      [
        "certificates",
        { host: "ssh://u@h", sshOpts: '["-i","k"]', certPath: "/c" },
        /`certPath` is not implemented/,
      ],
    ] as const) {
      test(`${title} is refused`, async () => {
        const { failures } = await plugin.checkConfig(news as Values);
        assert.equal(failures.length, 1);
        assert.match(failures[0]?.reason ?? "", wanted);
      });
    }
  });

  describe("RemoteImage", () => {
    test("a preview needs no engine", async () => {
      const inputs = await checked(imageType, { name: pinned, keepLocally: true });
      const before = engine.requests.length;
      assert.deepEqual(await plugin.create(imageType, inputs, true), {
        id: "",
        properties: { ...inputs, imageId: unknown, repoDigest: unknown },
      });
      assert.equal(engine.requests.length, before);
    });

    test("is pulled by its digest, found again, kept and removed as asked", async () => {
      const inputs = await checked(imageType, { name: pinned, keepLocally: true });
      engine.images.clear();
      engine.requests.length = 0;
      // The fake finds a name with tag and digest by the digest, as an engine does.
      const real = engine.images.get.bind(engine.images);
      engine.images.get = (name) => real(name.replace(/:v1@/, "@"));
      const first = await plugin.create(imageType, inputs);
      assert.equal(first.id, `${imageId(repository)}${pinned}`);
      assert.deepEqual(first.properties, {
        ...inputs,
        imageId: imageId(repository),
        repoDigest: `${repository}@${digest(repository)}`,
      });
      const pulls = (): string[] => engine.requests.filter((request) => request.includes("/images/create"));
      assert.equal(pulls().length, 1);
      assert.match(decodeURIComponent(pulls()[0] ?? ""), new RegExp(`fromImage=${repository}&tag=sha256:`));
      assert.ok(
        plugin.logged.some(({ message, ephemeral }) => message === "0a1b2c: Pull complete" && ephemeral),
      );

      // It is there already.
      await plugin.create(imageType, inputs);
      assert.equal(pulls().length, 1);

      assert.equal((await plugin.diff(imageType, inputs, first.properties, inputs)).changes, 1);
      const removing = { ...inputs, keepLocally: false };
      const inPlace = await plugin.diff(imageType, inputs, first.properties, removing);
      assert.deepEqual([inPlace.diffsList, inPlace.replacesList], [["keepLocally"], []]);
      const updated = await plugin.update(imageType, first.id, first.properties, removing);
      assert.equal(updated.imageId, imageId(repository));
      const anew = await plugin.diff(imageType, inputs, first.properties, {
        ...inputs,
        name: "nginx:latest",
      });
      assert.deepEqual(anew.replacesList, ["name"]);
      assert.equal(anew.deletebeforereplace, false);

      const found = await plugin.read(imageType, first.id, first.properties, inputs);
      assert.deepEqual(found, { ...first, inputs });

      await plugin.delete(imageType, first.id, first.properties);
      assert.ok(engine.images.get(pinned), "keepLocally keeps it");
      engine.images.get = real;
      const nginx = await plugin.create(imageType, { name: "nginx:latest" });
      await plugin.delete(imageType, nginx.id, nginx.properties);
      assert.equal(engine.images.get("nginx:latest"), undefined);
      // It is gone: that is what was wanted.
      await plugin.delete(imageType, nginx.id, nginx.properties);
      assert.deepEqual(await plugin.read(imageType, nginx.id, nginx.properties, {}), {
        id: "",
        properties: {},
        inputs: {},
      });
    });

    test("a failed pull tells the registry's reason, the image and the host", async () => {
      const error = await failureOf(plugin.create(imageType, { name: "nowhere:v9" }));
      assert.match(
        error.details,
        /cannot pull nowhere:v9 on 127.0.0.1: manifest for nowhere:v9 not found: manifest unknown. Check the image's name/,
      );
    });

    test("an image in use is not removed, and the way out is said", async () => {
      const { id, properties } = await plugin.create(imageType, { name: "nginx:latest" });
      const container = await plugin.create(containerType, await inputsOf({ name: "user" }));
      const error = await failureOf(plugin.delete(imageType, id, properties));
      assert.match(
        error.details,
        /cannot remove nginx:latest from 127.0.0.1: conflict.*`keepLocally` or `forceRemove`/,
      );
      await plugin.delete(containerType, container.id, container.properties);
    });

    test("what is not implemented is refused by name", async () => {
      const { failures } = await plugin.check(imageType, {
        platform: "linux/arm64",
        pullTriggers: ["x"],
        build: { context: "." },
        triggers: { a: "b" },
      });
      assert.deepEqual(failures.map(({ property }) => property).sort(), [
        "build",
        "name",
        "platform",
        "pullTriggers",
        "triggers",
      ]);
      assert.match(failures.map(({ reason }) => reason).join("\n"), /pin the image by its digest/);
    });
  });

  describe("Container", () => {
    test("check fills in the official defaults", async () => {
      assert.deepEqual(
        await checked(containerType, { name: "web", image: "i", ports: [{ internal: 80, external: 8080 }] }),
        {
          name: "web",
          image: "i",
          ports: [{ internal: 80, external: 8080, ip: "0.0.0.0", protocol: "tcp" }],
          networkMode: "bridge",
          removeVolumes: true,
          waitTimeout: 60,
          containerReadRefreshTimeoutMilliseconds: 15_000,
        },
      );
    });

    test("a preview echoes the inputs, and what only the engine knows is unknown", async () => {
      const inputs = await inputsOf({ image: unknown, hostname: "h" });
      const { id, properties } = await plugin.create(containerType, inputs, true);
      assert.equal(id, "");
      for (const [name, value] of Object.entries(inputs)) assert.deepEqual(properties[name], value);
      for (const name of ["command", "networkDatas", "exitCode"])
        assert.ok(isUnknown(properties[name]), name);
    });

    test("a life: created and not started, no drift when the guard starts or stops it, deleted with grace", async () => {
      const inputs = await inputsOf({
        envs: ["B=2", "A=1"],
        ports: [{ internal: 443, external: 3300 }],
        mounts: [{ type: "bind", target: "/var/lib/rancher", source: "/rancher_data" }],
        labels: [{ label: "stack", value: "dev" }],
        volumes: [{ containerPath: "/cache", volumeName: "cache", readOnly: true }],
      });
      const { id, properties } = await made(inputs);
      const container = engine.containers.get(id);
      assert.ok(container);
      assert.equal(container.State.Running, false);
      assert.ok(
        engine.requests.includes("POST /containers/create?name=rancher"),
        "no environment in the URL",
      );
      assert.deepEqual(container.HostConfig.PortBindings, {
        "443/tcp": [{ HostIp: "0.0.0.0", HostPort: "3300" }],
      });
      assert.deepEqual(container.HostConfig.Mounts, [
        { Type: "bind", Target: "/var/lib/rancher", Source: "/rancher_data", ReadOnly: false },
      ]);
      assert.deepEqual(container.HostConfig.Binds, ["cache:/cache:ro"]);
      assert.equal(container.HostConfig.Privileged, true);
      assert.deepEqual(container.Config.Labels, { stack: "dev" });
      for (const [name, value] of Object.entries(inputs)) assert.deepEqual(properties[name], value, name);
      assert.deepEqual(properties.command, ["serve"]);
      assert.deepEqual(properties.entrypoints, []);

      const reordered = { ...inputs, envs: ["A=1", "B=2"] };
      assert.equal((await plugin.diff(containerType, inputs, properties, reordered)).changes, 1);

      for (const running of [true, false]) {
        container.State.Running = running;
        const live = await plugin.read(containerType, id, properties, inputs);
        assert.equal(live.id, id);
        assert.deepEqual(live.inputs, inputs);
        assert.equal((await plugin.diff(containerType, live.inputs, live.properties, inputs)).changes, 1);
      }

      container.State.Running = true;
      engine.requests.length = 0;
      await plugin.delete(containerType, id, properties);
      assert.ok(engine.requests.includes(`POST /containers/${id}/stop?t=30`), engine.requests.join("\n"));
      assert.ok(engine.requests.includes(`DELETE /containers/${id}?force=true&v=true`));
      assert.equal(engine.containers.has(id), false);
      // It is gone: that is what was wanted.
      await plugin.delete(containerType, id, properties);
      assert.deepEqual((await plugin.read(containerType, id, properties, inputs)).id, "");
    });

    for (const [name, value] of Object.entries({
      image: "sha256:other",
      envs: ["A=1"],
      labels: [{ label: "a", value: "b" }],
      hostname: "other",
      mounts: [{ type: "tmpfs", target: "/tmp" }],
      volumes: [{ containerPath: "/v" }],
      ports: [{ internal: 80, external: 80 }],
      privileged: false,
      networkMode: "host",
      command: ["x"],
      entrypoints: ["y"],
    } satisfies Values)) {
      test(`a change of ${name} replaces: the old one goes first, since both have one name`, async () => {
        const olds = await inputsOf();
        const diff = await plugin.diff(containerType, olds, olds, await inputsOf({ [name]: value }));
        assert.deepEqual(diff.replacesList, [name]);
        assert.equal(diff.deletebeforereplace, true);
        assert.ok(
          diff.detaileddiffMap.every(([, { kind }]) => kind % 2 === 1),
          "each change says that it replaces",
        );
      });
    }

    test("a change of the name replaces too: the new one is made first", async () => {
      const olds = await inputsOf();
      const diff = await plugin.diff(containerType, olds, olds, await inputsOf({ name: "rancher-2" }));
      assert.deepEqual(diff.replacesList, ["name"]);
      assert.equal(diff.deletebeforereplace, false);
    });

    test("restart, memory and grace change in place, and drift of them is seen", async () => {
      const inputs = await inputsOf({ memory: 512, memorySwap: 1024 });
      const { id, properties } = await made(inputs);
      const news = { ...inputs, restart: "always", memory: 256, memorySwap: 512, destroyGraceSeconds: 10 };
      const diff = await plugin.diff(containerType, inputs, properties, news);
      assert.deepEqual(diff.replacesList, []);
      assert.equal(diff.changes, 2);
      assert.deepEqual((await plugin.update(containerType, id, properties, news, true)).restart, "always");
      const updated = await plugin.update(containerType, id, properties, news);
      assert.equal(updated.restart, "always");
      const container = engine.containers.get(id);
      assert.ok(container);
      assert.equal(container.HostConfig.RestartPolicy.Name, "always");
      assert.equal(container.HostConfig.Memory, 256 * 1024 * 1024);
      assert.equal(container.State.Running, false);

      // Somebody changes it by hand.
      container.HostConfig.RestartPolicy.Name = "on-failure";
      container.HostConfig.Memory = 128 * 1024 * 1024;
      const live = await plugin.read(containerType, id, updated, news);
      const drift = await plugin.diff(containerType, live.inputs, live.properties, news);
      assert.deepEqual(drift.diffsList.sort(), ["memory", "restart"]);
      await plugin.update(containerType, id, live.properties, news);
      assert.equal(container.HostConfig.RestartPolicy.Name, "always");
      await plugin.delete(containerType, id, updated);
    });

    test("memory without memorySwap is no lasting difference", async () => {
      const inputs = await inputsOf({ memory: 512 });
      const { id, properties } = await made(inputs);
      const live = await plugin.read(containerType, id, properties, inputs);
      assert.equal((await plugin.diff(containerType, live.inputs, live.properties, inputs)).changes, 1);
      await plugin.delete(containerType, id, properties);
    });

    test("a container that must run is started, and started again when it was stopped", async () => {
      const inputs = await checked(containerType, { name: "web", image: "nginx:latest" });
      const { id, properties } = await plugin.create(containerType, inputs);
      const container = engine.containers.get(id);
      assert.ok(container?.State.Running);
      container.State.Running = false;
      const live = await plugin.read(containerType, id, properties, inputs);
      const drift = await plugin.diff(containerType, live.inputs, live.properties, inputs);
      assert.deepEqual([drift.diffsList, drift.replacesList], [["mustRun"], []]);
      await plugin.update(containerType, id, live.properties, inputs);
      assert.ok(container.State.Running);
      await plugin.delete(containerType, id, properties);
    });

    test("one that ends at once fails with what it printed, and is kept for the next up", async () => {
      const inputs = await checked(containerType, { name: "crash", image: "crash:latest" });
      const error = await failureOf(plugin.create(containerType, inputs));
      assert.match(error.details, /the container crash exited immediately, with code 3. It printed:\nboom/);
      assert.ok(error.partial && engine.containers.has(error.partial.id));
      assert.equal(error.partial.properties.name, "crash");
      await plugin.delete(containerType, error.partial.id, error.partial.properties);
    });

    test("a name in use and a missing mount source are said with the host", async () => {
      const inputs = await inputsOf();
      const { id, properties } = await made(inputs);
      const taken = await failureOf(plugin.create(containerType, inputs));
      assert.match(
        taken.details,
        /cannot create the container rancher on 127.0.0.1: Conflict.*docker rm -f rancher/s,
      );
      await plugin.delete(containerType, id, properties);
      const bind = await inputsOf({ mounts: [{ type: "bind", target: "/d", source: "/missing" }] });
      const missing = await failureOf(plugin.create(containerType, bind));
      assert.match(missing.details, /bind source path does not exist: \/missing/);
      assert.equal(missing.partial, undefined);
    });

    test("an update of one that is gone says what to do", async () => {
      const inputs = await inputsOf();
      const { id, properties } = await made(inputs);
      engine.containers.delete(id);
      const error = await failureOf(
        plugin.update(containerType, id, properties, { ...inputs, restart: "always" }),
      );
      assert.match(error.details, /the container rancher is gone from 127.0.0.1: run `pulumi refresh`/);
    });

    test("a state of the official plugin shows no difference", async () => {
      const news = await inputsOf({ ports: [{ internal: 443, external: 3300 }], envs: ["A=1"] });
      const official: Values = {
        ...news,
        __defaults: ["networkMode", "removeVolumes"],
        attach: false,
        logs: false,
        rm: false,
        readOnly: false,
        wait: false,
        entrypoints: [],
        ports: [{ internal: 443, external: 3300, ip: "0.0.0.0", protocol: "tcp", __defaults: [] }],
      };
      assert.equal((await plugin.diff(containerType, official, official, news)).changes, 1);
    });

    test("what is not implemented is refused by name; what the official plugin does by default passes", async () => {
      const { failures } = await plugin.check(containerType, {
        name: "x!",
        image: "i",
        attach: true,
        logs: false,
        wait: true,
        healthcheck: { tests: ["CMD"] },
        restart: "sometimes",
        mounts: [{ type: "bind", target: "/a", source: "/b", bindOptions: { propagation: "rshared" } }],
        ports: [{ internal: 80 }],
        uploads: [],
      });
      assert.deepEqual(failures.map(({ property }) => property).sort(), [
        "attach",
        "healthcheck",
        "mounts[0].bindOptions",
        "name",
        "ports[0].external",
        "restart",
        "uploads",
        "wait",
      ]);
    });
  });

  test("all of this went over one SSH connection and few streams", () => {
    assert.equal(sshd.logins, 1);
    assert.ok(engine.connections <= 4, `${engine.connections} streams`);
    assert.ok(engine.requests.length > 20);
  });

  test("parallel requests share the connection", async () => {
    const before = sshd.logins;
    await plugin.create(imageType, { name: "nginx:latest" });
    const inputs = await inputsOf();
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        plugin.create(containerType, { ...inputs, name: `many-${index}` }),
      ),
    );
    await Promise.all(all.map(({ id, properties }) => plugin.delete(containerType, id, properties)));
    assert.equal(sshd.logins, before);
    assert.ok(sshd.mostChannels <= 4);
  });

  test("after a cut connection the next operation connects anew", async () => {
    const before = sshd.logins;
    sshd.cut();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await plugin.create(imageType, { name: "nginx:latest" });
    assert.equal(sshd.logins, before + 1);
  });

  describe("a host that cannot be used", () => {
    const withConfig = async (settings: { host: string; sshOpts: string }): Promise<PluginError> => {
      const other = await startPlugin("docker");
      try {
        await other.configure(settings);
        return await failureOf(other.create(imageType, { name: "nginx:latest" }));
      } finally {
        await other.stop();
      }
    };

    test("unreachable: fails in seconds, with host and way out", async () => {
      const port = await unusedPort();
      const known = `[127.0.0.1]:${port} ${sshd.hostKey}\n`;
      writeFileSync(`${sshd.knownHostsFile}-2`, known);
      const settings = config(port);
      const error = await withConfig({
        ...settings,
        sshOpts: settings.sshOpts.replace(sshd.knownHostsFile, `${sshd.knownHostsFile}-2`),
      });
      assert.match(error.details, /vagrant@127.0.0.1:\d+ cannot be reached over SSH.*is the machine on/);
    });

    test("not in the known hosts file", async () => {
      const settings = config();
      writeFileSync(`${sshd.knownHostsFile}-3`, `other ${sshd.hostKey}\n`);
      const error = await withConfig({
        ...settings,
        sshOpts: settings.sshOpts.replace(sshd.knownHostsFile, `${sshd.knownHostsFile}-3`),
      });
      assert.match(error.details, /known_hosts-3 has no key for 127.0.0.1 port \d+: add it/);
    });

    test("without a running engine", async (t) => {
      const dead = await startSshd({ docker: "/nonexistent/docker.sock" });
      t.after(() => dead.close());
      const { host, sshOpts } = config(dead.port);
      const error = await withConfig({
        host,
        sshOpts: sshOpts.replaceAll(sshd.home, dead.home),
      });
      assert.match(
        error.details,
        /`docker system dial-stdio` ended with code 1 on 127.0.0.1: Cannot connect to the Docker daemon.*is vagrant in the group docker/s,
      );
    });
  });

  test("ends on SIGINT in time", async () => {
    const other = await startPlugin("docker");
    await other.configure(config());
    await other.create(imageType, { name: "nginx:latest" });
    const { code, took } = await other.stop();
    assert.equal(code, 0);
    assert.ok(took < 20_000, `it took ${took} ms to end`);
  });
});
