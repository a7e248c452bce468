import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { buildImage } from "../../lab/image/build";
import { parseReference } from "../../lab/registry";
import { Contained, type Running } from "./contained";

/* A registry as the lab runs it: what was pushed is there after a kill. */

let registry: Contained;
before(async () => {
  registry = await Contained.make({ image: "registry", path: "/var/lib/registry" });
});
after(() => registry.close());

const start = (): Running =>
  registry.start(["/etc/docker/registry/config.yml"], { REGISTRY_HTTP_SECRET: "correct horse" });

test("an image that was pushed is there after a kill, byte for byte", async () => {
  let server = start();
  await registry.said(server, /listening on \[::\]:5000/);
  const image = await buildImage(console.log, "nginx");
  const { tag, digest } = parseReference(image.reference);
  const copy = [
    "skopeo",
    "--insecure-policy",
    "copy",
    "--quiet",
    "--preserve-digests",
    "--dest-tls-verify=false",
  ];
  const pushed = await registry.inside(
    ...copy,
    `oci:${image.layout}:${tag}`,
    "docker://127.0.0.1:5000/own/nginx:1",
  );
  assert.equal(pushed.code, 0, pushed.stderr);
  await registry.end(server, "SIGKILL");
  server = start();
  await registry.said(server, /listening on \[::\]:5000/);
  const inspect = ["skopeo", "inspect", "--tls-verify=false", "docker://127.0.0.1:5000/own/nginx:1"];
  const { stdout, stderr } = await registry.inside(...inspect);
  assert.equal(JSON.parse(stdout).Digest, digest, stderr);
  // The folder that a stack copies.
  assert.deepEqual(await readdir(registry.data), ["docker"]);
  await registry.end(server, "SIGTERM");
});
