import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Values } from "../../lab/plugins/values";
import { isUnknown } from "../../lab/plugins/values";
import { unknownValue as unknown } from "../../local/pulumi/values";
import { containerType, DockerScene, failureOf } from "./plugins-docker-support";

describe("the stand-in for the docker plugin: containers", () => {
  const scene = new DockerScene();

  describe("Container", () => {
    test("check fills in the official defaults", async () => {
      assert.deepEqual(
        await scene.checked(containerType, {
          name: "web",
          image: "i",
          ports: [{ internal: 80, external: 8080 }],
        }),
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
      const inputs = await scene.inputsOf({ image: unknown, hostname: "h" });
      const { id, properties } = await scene.plugin.create(containerType, inputs, true);
      assert.equal(id, "");
      for (const [name, value] of Object.entries(inputs)) assert.deepEqual(properties[name], value);
      for (const name of ["command", "networkDatas", "exitCode"])
        assert.ok(isUnknown(properties[name]), name);
    });

    test("a life: created and not started, no drift when the guard starts or stops it, deleted with grace", async () => {
      const inputs = await scene.inputsOf({
        envs: ["B=2", "A=1"],
        ports: [{ internal: 443, external: 3300 }],
        mounts: [{ type: "bind", target: "/var/lib/rancher", source: "/rancher_data" }],
        labels: [{ label: "stack", value: "dev" }],
        volumes: [{ containerPath: "/cache", volumeName: "cache", readOnly: true }],
      });
      const { id, properties } = await scene.made(inputs);
      const container = scene.engine.containers.get(id);
      assert.ok(container);
      assert.equal(container.State.Running, false);
      assert.ok(
        scene.engine.requests.includes("POST /containers/create?name=rancher"),
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
      assert.equal((await scene.plugin.diff(containerType, inputs, properties, reordered)).changes, 1);

      for (const running of [true, false]) {
        container.State.Running = running;
        const live = await scene.plugin.read(containerType, id, properties, inputs);
        assert.equal(live.id, id);
        assert.deepEqual(live.inputs, inputs);
        assert.equal(
          (await scene.plugin.diff(containerType, live.inputs, live.properties, inputs)).changes,
          1,
        );
      }

      container.State.Running = true;
      scene.engine.requests.length = 0;
      await scene.plugin.delete(containerType, id, properties);
      assert.ok(
        scene.engine.requests.includes(`POST /containers/${id}/stop?t=30`),
        scene.engine.requests.join("\n"),
      );
      assert.ok(scene.engine.requests.includes(`DELETE /containers/${id}?force=true&v=true`));
      assert.equal(scene.engine.containers.has(id), false);
      // It is gone: that is what was wanted.
      await scene.plugin.delete(containerType, id, properties);
      assert.deepEqual((await scene.plugin.read(containerType, id, properties, inputs)).id, "");
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
        const olds = await scene.inputsOf();
        const diff = await scene.plugin.diff(
          containerType,
          olds,
          olds,
          await scene.inputsOf({ [name]: value }),
        );
        assert.deepEqual(diff.replacesList, [name]);
        assert.equal(diff.deletebeforereplace, true);
        assert.ok(
          diff.detaileddiffMap.every(([, { kind }]) => kind % 2 === 1),
          "each change says that it replaces",
        );
      });
    }

    test("a change of the name replaces too: the new one is made first", async () => {
      const olds = await scene.inputsOf();
      const diff = await scene.plugin.diff(
        containerType,
        olds,
        olds,
        await scene.inputsOf({ name: "rancher-2" }),
      );
      assert.deepEqual(diff.replacesList, ["name"]);
      assert.equal(diff.deletebeforereplace, false);
    });

    test("restart, memory and grace change in place, and drift of them is seen", async () => {
      const inputs = await scene.inputsOf({ memory: 512, memorySwap: 1024 });
      const { id, properties } = await scene.made(inputs);
      const news = { ...inputs, restart: "always", memory: 256, memorySwap: 512, destroyGraceSeconds: 10 };
      const diff = await scene.plugin.diff(containerType, inputs, properties, news);
      assert.deepEqual(diff.replacesList, []);
      assert.equal(diff.changes, 2);
      assert.deepEqual(
        (await scene.plugin.update(containerType, id, properties, news, true)).restart,
        "always",
      );
      const updated = await scene.plugin.update(containerType, id, properties, news);
      assert.equal(updated.restart, "always");
      const container = scene.engine.containers.get(id);
      assert.ok(container);
      assert.equal(container.HostConfig.RestartPolicy.Name, "always");
      assert.equal(container.HostConfig.Memory, 256 * 1024 * 1024);
      assert.equal(container.State.Running, false);

      // Somebody changes it by hand.
      container.HostConfig.RestartPolicy.Name = "on-failure";
      container.HostConfig.Memory = 128 * 1024 * 1024;
      const live = await scene.plugin.read(containerType, id, updated, news);
      const drift = await scene.plugin.diff(containerType, live.inputs, live.properties, news);
      assert.deepEqual(drift.diffsList.sort(), ["memory", "restart"]);
      await scene.plugin.update(containerType, id, live.properties, news);
      assert.equal(container.HostConfig.RestartPolicy.Name, "always");
      await scene.plugin.delete(containerType, id, updated);
    });

    test("memory without memorySwap is no lasting difference", async () => {
      const inputs = await scene.inputsOf({ memory: 512 });
      const { id, properties } = await scene.made(inputs);
      const live = await scene.plugin.read(containerType, id, properties, inputs);
      assert.equal((await scene.plugin.diff(containerType, live.inputs, live.properties, inputs)).changes, 1);
      await scene.plugin.delete(containerType, id, properties);
    });

    test("a container that must run is started, and started again when it was stopped", async () => {
      const inputs = await scene.checked(containerType, { name: "web", image: "nginx:latest" });
      const { id, properties } = await scene.plugin.create(containerType, inputs);
      const container = scene.engine.containers.get(id);
      assert.ok(container?.State.Running);
      container.State.Running = false;
      const live = await scene.plugin.read(containerType, id, properties, inputs);
      const drift = await scene.plugin.diff(containerType, live.inputs, live.properties, inputs);
      assert.deepEqual([drift.diffsList, drift.replacesList], [["mustRun"], []]);
      await scene.plugin.update(containerType, id, live.properties, inputs);
      assert.ok(container.State.Running);
      await scene.plugin.delete(containerType, id, properties);
    });

    test("one that ends at once fails with what it printed, and is kept for the next up", async () => {
      const inputs = await scene.checked(containerType, { name: "crash", image: "crash:latest" });
      const error = await failureOf(scene.plugin.create(containerType, inputs));
      assert.match(error.details, /the container crash exited immediately, with code 3. It printed:\nboom/);
      assert.ok(error.partial && scene.engine.containers.has(error.partial.id));
      assert.equal(error.partial.properties.name, "crash");
      await scene.plugin.delete(containerType, error.partial.id, error.partial.properties);
    });

    test("a name in use and a missing mount source are said with the host", async () => {
      const inputs = await scene.inputsOf();
      const { id, properties } = await scene.made(inputs);
      const taken = await failureOf(scene.plugin.create(containerType, inputs));
      assert.match(
        taken.details,
        /cannot create the container rancher on 127.0.0.1: Conflict.*docker rm -f rancher/s,
      );
      await scene.plugin.delete(containerType, id, properties);
      const bind = await scene.inputsOf({ mounts: [{ type: "bind", target: "/d", source: "/missing" }] });
      const missing = await failureOf(scene.plugin.create(containerType, bind));
      assert.match(missing.details, /bind source path does not exist: \/missing/);
      assert.equal(missing.partial, undefined);
    });

    test("an update of one that is gone says what to do", async () => {
      const inputs = await scene.inputsOf();
      const { id, properties } = await scene.made(inputs);
      scene.engine.containers.delete(id);
      const error = await failureOf(
        scene.plugin.update(containerType, id, properties, { ...inputs, restart: "always" }),
      );
      assert.match(error.details, /the container rancher is gone from 127.0.0.1: run `pulumi refresh`/);
    });

    test("a state of the official plugin shows no difference", async () => {
      const news = await scene.inputsOf({ ports: [{ internal: 443, external: 3300 }], envs: ["A=1"] });
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
      assert.equal((await scene.plugin.diff(containerType, official, official, news)).changes, 1);
    });

    test("what is not implemented is refused by name; what the official plugin does by default passes", async () => {
      const { failures } = await scene.plugin.check(containerType, {
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
    assert.equal(scene.sshd.logins, 1);
    assert.ok(scene.engine.connections <= 4, `${scene.engine.connections} streams`);
    assert.ok(scene.engine.requests.length > 20);
  });
});
