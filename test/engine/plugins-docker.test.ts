import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Values } from "../../lab/plugins/values";
import { unknownValue as unknown } from "../../local/pulumi/values";
import { containerType, DockerScene, failureOf, imageType } from "./plugins-docker-support";
import { type PluginError, startPlugin } from "./plugins-process";
import { startSshd, unusedPort } from "./plugins-sshd";

describe("the stand-in for the docker plugin", () => {
  const scene = new DockerScene();

  test("tells its version", async () => {
    assert.equal(await scene.plugin.version(), "5.2.0");
  });

  describe("provider configuration", () => {
    test("is taken as the SDK passes it, and values that are not known yet pass", async () => {
      assert.deepEqual((await scene.plugin.checkConfig(scene.config())).failures, []);
      assert.deepEqual((await scene.plugin.checkConfig({ host: unknown, sshOpts: unknown })).failures, []);
    });

    test("a change of it replaces nothing", async () => {
      const diff = await scene.plugin.diffConfig(
        scene.config(),
        scene.config(scene.sshd.port, "-oIdentitiesOnly=yes"),
      );
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
        "a login for a registry that names a file",
        {
          host: "ssh://u@h",
          sshOpts: '["-i","k"]',
          registryAuth: '[{"address":"r","username":"u","password":"hunter2","configFile":"f"}]',
        },
        /^`registryAuth` is wrong: `configFile` is not implemented(?!.*hunter2)/,
      ],
      [
        "certificates",
        { host: "ssh://u@h", sshOpts: '["-i","k"]', certPath: "/c" },
        /`certPath` is not implemented/,
      ],
    ] as const) {
      test(`${title} is refused`, async () => {
        const { failures } = await scene.plugin.checkConfig(news as Values);
        assert.equal(failures.length, 1);
        assert.match(failures[0]?.reason ?? "", wanted);
      });
    }
  });

  test("parallel requests share the connection", async () => {
    await scene.plugin.create(imageType, { name: "nginx:latest" });
    const before = scene.sshd.logins;
    const inputs = await scene.inputsOf();
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        scene.plugin.create(containerType, { ...inputs, name: `many-${index}` }),
      ),
    );
    await Promise.all(all.map(({ id, properties }) => scene.plugin.delete(containerType, id, properties)));
    assert.equal(scene.sshd.logins, before);
    assert.ok(scene.sshd.mostChannels <= 4);
  });

  test("after a cut connection the next operation connects anew", async () => {
    const before = scene.sshd.logins;
    scene.sshd.cut();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await scene.plugin.create(imageType, { name: "nginx:latest" });
    assert.equal(scene.sshd.logins, before + 1);
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
      const known = `[127.0.0.1]:${port} ${scene.sshd.hostKey}\n`;
      writeFileSync(`${scene.sshd.knownHostsFile}-2`, known);
      const settings = scene.config(port);
      const error = await withConfig({
        ...settings,
        sshOpts: settings.sshOpts.replace(scene.sshd.knownHostsFile, `${scene.sshd.knownHostsFile}-2`),
      });
      assert.match(error.details, /vagrant@127.0.0.1:\d+ cannot be reached over SSH.*is the machine on/);
    });

    test("not in the known hosts file", async () => {
      const settings = scene.config();
      writeFileSync(`${scene.sshd.knownHostsFile}-3`, `other ${scene.sshd.hostKey}\n`);
      const error = await withConfig({
        ...settings,
        sshOpts: settings.sshOpts.replace(scene.sshd.knownHostsFile, `${scene.sshd.knownHostsFile}-3`),
      });
      assert.match(error.details, /known_hosts-3 has no key for 127.0.0.1 port \d+: add it/);
    });

    test("without a running engine", async (t) => {
      const dead = await startSshd({ docker: "/nonexistent/docker.sock" });
      t.after(() => dead.close());
      const { host, sshOpts } = scene.config(dead.port);
      const error = await withConfig({
        host,
        sshOpts: sshOpts.replaceAll(scene.sshd.home, dead.home),
      });
      assert.match(
        error.details,
        /`docker system dial-stdio` ended with code 1 on 127.0.0.1: Cannot connect to the Docker daemon.*is vagrant in the group docker/s,
      );
    });
  });

  test("ends on SIGINT in time", async () => {
    const other = await startPlugin("docker");
    await other.configure(scene.config());
    await other.create(imageType, { name: "nginx:latest" });
    const { code, took } = await other.stop();
    assert.equal(code, 0);
    assert.ok(took < 20_000, `it took ${took} ms to end`);
  });
});
