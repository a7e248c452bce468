import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unknownValue as unknown } from "../../local/pulumi/values";
import { DockerScene, failureOf, volumeType } from "./plugins-docker-support";

describe("the stand-in for the docker plugin: volumes", () => {
  const scene = new DockerScene();
  const name = "rancher-agent";

  test("a preview needs no engine", async () => {
    const inputs = await scene.checked(volumeType, { name });
    const before = scene.engine.requests.length;
    assert.deepEqual(await scene.plugin.create(volumeType, inputs, true), {
      id: "",
      properties: { name, driver: unknown, mountpoint: unknown },
    });
    assert.equal(scene.engine.requests.length, before);
  });

  test("a life: made, found again, made anew for any change, removed once nobody uses it", async () => {
    const inputs = await scene.checked(volumeType, { name, labels: [{ label: "stack", value: "dev" }] });
    const made = await scene.plugin.create(volumeType, inputs);
    assert.equal(made.id, name);
    assert.deepEqual(made.properties, {
      ...inputs,
      driver: "local",
      mountpoint: `/var/lib/docker/volumes/${name}/_data`,
    });
    assert.deepEqual(scene.engine.volumes.get(name)?.Labels, { stack: "dev" });
    assert.equal((await scene.plugin.diff(volumeType, inputs, made.properties, inputs)).changes, 1);
    assert.deepEqual(await scene.plugin.read(volumeType, made.id, made.properties, inputs), {
      ...made,
      inputs,
    });

    const renamed = await scene.plugin.diff(volumeType, inputs, made.properties, {
      ...inputs,
      name: "other",
    });
    assert.deepEqual([renamed.replacesList, renamed.deletebeforereplace], [["name"], false]);
    const labelled = await scene.plugin.diff(volumeType, inputs, made.properties, { name });
    assert.deepEqual([labelled.replacesList, labelled.deletebeforereplace], [["labels"], true]);

    const volume = scene.engine.volumes.get(name);
    assert.ok(volume);
    volume.inUse = true;
    await scene.plugin.delete(volumeType, made.id, made.properties);
    assert.equal(scene.engine.volumes.has(name), false);
    await scene.plugin.delete(volumeType, made.id, made.properties);
    assert.equal((await scene.plugin.read(volumeType, made.id, made.properties, inputs)).id, "");
  });

  test("what the engine refuses is told with the volume's name and the host", async () => {
    const error = await failureOf(scene.plugin.create(volumeType, { name: "far", driver: "nowhere" }));
    assert.match(error.details, /cannot create the volume far on 127.0.0.1: plugin "nowhere" not found/);
  });

  test("wrong names and what is not implemented are refused", async () => {
    const { failures } = await scene.plugin.check(volumeType, { name: "/data", cluster: {} });
    assert.deepEqual(failures.map(({ property }) => property).sort(), ["cluster", "name"]);
  });
});
