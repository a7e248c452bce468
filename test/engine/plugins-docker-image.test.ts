import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unknownValue as unknown } from "../../local/pulumi/values";
import {
  containerType,
  DockerScene,
  failureOf,
  imageType,
  pinned,
  repository,
} from "./plugins-docker-support";
import { digest, imageId } from "./plugins-engine";
import { startPlugin } from "./plugins-process";

describe("the stand-in for the docker plugin: images", () => {
  const scene = new DockerScene();

  describe("RemoteImage", () => {
    test("a preview needs no engine", async () => {
      const inputs = await scene.checked(imageType, { name: pinned, keepLocally: true });
      const before = scene.engine.requests.length;
      assert.deepEqual(await scene.plugin.create(imageType, inputs, true), {
        id: "",
        properties: { ...inputs, imageId: unknown, repoDigest: unknown },
      });
      assert.equal(scene.engine.requests.length, before);
    });

    test("is pulled by its digest, found again, kept and removed as asked", async () => {
      const inputs = await scene.checked(imageType, { name: pinned, keepLocally: true });
      scene.engine.images.clear();
      scene.engine.requests.length = 0;
      // The fake finds a name with tag and digest by the digest, as an engine does.
      const real = scene.engine.images.get.bind(scene.engine.images);
      scene.engine.images.get = (name) => real(name.replace(/:v1@/, "@"));
      const first = await scene.plugin.create(imageType, inputs);
      assert.equal(first.id, `${imageId(repository)}${pinned}`);
      assert.deepEqual(first.properties, {
        ...inputs,
        imageId: imageId(repository),
        repoDigest: `${repository}@${digest(repository)}`,
      });
      const pulls = (): string[] =>
        scene.engine.requests.filter((request) => request.includes("/images/create"));
      assert.equal(pulls().length, 1);
      assert.match(decodeURIComponent(pulls()[0] ?? ""), new RegExp(`fromImage=${repository}&tag=sha256:`));
      assert.ok(
        scene.plugin.logged.some(
          ({ message, ephemeral }) => message === "0a1b2c: Pull complete" && ephemeral,
        ),
      );

      // It is there already.
      await scene.plugin.create(imageType, inputs);
      assert.equal(pulls().length, 1);

      assert.equal((await scene.plugin.diff(imageType, inputs, first.properties, inputs)).changes, 1);
      const removing = { ...inputs, keepLocally: false };
      const inPlace = await scene.plugin.diff(imageType, inputs, first.properties, removing);
      assert.deepEqual([inPlace.diffsList, inPlace.replacesList], [["keepLocally"], []]);
      const updated = await scene.plugin.update(imageType, first.id, first.properties, removing);
      assert.equal(updated.imageId, imageId(repository));
      const anew = await scene.plugin.diff(imageType, inputs, first.properties, {
        ...inputs,
        name: "nginx:latest",
      });
      assert.deepEqual(anew.replacesList, ["name"]);
      assert.equal(anew.deletebeforereplace, false);

      const found = await scene.plugin.read(imageType, first.id, first.properties, inputs);
      assert.deepEqual(found, { ...first, inputs });

      await scene.plugin.delete(imageType, first.id, first.properties);
      assert.ok(scene.engine.images.get(pinned), "keepLocally keeps it");
      scene.engine.images.get = real;
      const nginx = await scene.plugin.create(imageType, { name: "nginx:latest" });
      await scene.plugin.delete(imageType, nginx.id, nginx.properties);
      assert.equal(scene.engine.images.get("nginx:latest"), undefined);
      // It is gone: that is what was wanted.
      await scene.plugin.delete(imageType, nginx.id, nginx.properties);
      assert.deepEqual(await scene.plugin.read(imageType, nginx.id, nginx.properties, {}), {
        id: "",
        properties: {},
        inputs: {},
      });
    });

    test("a registry's login goes with pulls from it, and with no other", async (t) => {
      const other = await startPlugin("docker");
      t.after(() => other.stop());
      await other.configure({
        ...scene.config(),
        registryAuth: JSON.stringify([
          { address: "https://mirror.example:5000", username: "me", password: "hunter2" },
        ]),
      });
      scene.engine.images.clear();
      // The fake finds such a name by its digest alone, so the pull is all that is looked at.
      await other.create(imageType, { name: pinned }).catch(() => {});
      assert.deepEqual(scene.engine.login, {
        username: "me",
        password: "hunter2",
        serveraddress: "mirror.example:5000",
      });
      assert.doesNotMatch(scene.engine.requests.join(), /hunter2/);
      await other.create(imageType, { name: "nginx:latest" });
      assert.equal(scene.engine.login, undefined);
    });

    test("a login for Docker Hub is found by the one address that the official plugin knows it by", async (t) => {
      for (const [address, found] of [
        ["docker.io", undefined],
        ["registry-1.docker.io", "me"],
      ]) {
        const other = await startPlugin("docker");
        t.after(() => other.stop());
        const login = [{ address, username: "me", password: "hunter2" }];
        await other.configure({ ...scene.config(), registryAuth: JSON.stringify(login) });
        scene.engine.images.clear();
        await other.create(imageType, { name: "nginx:latest" });
        assert.equal((scene.engine.login as { username?: string } | undefined)?.username, found);
      }
    });

    test("a failed pull tells the registry's reason, the image and the host", async () => {
      const error = await failureOf(scene.plugin.create(imageType, { name: "nowhere:v9" }));
      assert.match(
        error.details,
        /cannot pull nowhere:v9 on 127.0.0.1: manifest for nowhere:v9 not found: manifest unknown. Check the image's name/,
      );
    });

    test("an image in use is not removed, and the way out is said", async () => {
      const { id, properties } = await scene.plugin.create(imageType, { name: "nginx:latest" });
      const container = await scene.plugin.create(containerType, await scene.inputsOf({ name: "user" }));
      const error = await failureOf(scene.plugin.delete(imageType, id, properties));
      assert.match(
        error.details,
        /cannot remove nginx:latest from 127.0.0.1: conflict.*`keepLocally` or `forceRemove`/,
      );
      await scene.plugin.delete(containerType, container.id, container.properties);
    });

    test("what is not implemented is refused by name", async () => {
      const { failures } = await scene.plugin.check(imageType, {
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
});
