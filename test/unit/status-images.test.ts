import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../stack/verdict";
import { node, serving, waiting, yes } from "./reported-nodes";

const hash = (digit: string): string => `sha256:${digit.repeat(64)}`;

const imageOf = (id: string, more: object = {}): object => ({
  name: "rancher/rancher:v2.9.3",
  id: hash(id),
  named: hash(id),
  digests: [],
  ...more,
});

const stackOf = (one: object, two: object, container = "rancher-1") =>
  judge(
    [
      node("a", { ...serving, container: { ...serving.container, name: "rancher-1" }, image: one }),
      node("b", { ...waiting, container: { ...waiting.container, name: container }, image: two }),
    ],
    yes,
  );

test("nodes with different images of one tag are a fault, which names the owner's digest as the way out", () => {
  const digests = [`mirror.example/rancher/rancher@${hash("8")}`, `docker.io/rancher/rancher@${hash("9")}`];
  const { state, message } = stackOf(imageOf("1", { digests }), imageOf("2"));
  assert.equal(state, "mismatch");
  assert.equal(
    message,
    "nodes have different images of rancher/rancher:v2.9.3 (sha256:999999999999 on a, sha256:222222222222 on b): " +
      `say in \`image\` which one is right (\`image: rancher/rancher:v2.9.3@${hash("9")}\`), then \`npm run up\``,
  );
  assert.match(
    stackOf(imageOf("1"), imageOf("2")).message,
    /v2\.9\.3@sha256:\.\.\.`\)/,
    "loaded from archives",
  );
});

test("one image is one image: by its id, by its digest on another architecture; upgrades and old agents are no fault", () => {
  assert.equal(stackOf(imageOf("1"), imageOf("1")).state, "healthy");
  const digests = [`rancher/rancher@${hash("9")}`];
  assert.equal(stackOf(imageOf("1", { digests }), imageOf("2", { digests })).state, "healthy");
  assert.equal(stackOf(imageOf("1"), imageOf("2"), "rancher-2").state, "healthy", "another container");
  assert.equal(stackOf(imageOf("1"), {}).state, "healthy", "a node without Docker's answer");
});

test("a tag that has moved on a node is told before anything is made from it", () => {
  const { state, remarks } = stackOf(imageOf("1", { named: hash("3") }), imageOf("1"));
  assert.equal(state, "healthy", "it serves what it served");
  assert.match(
    remarks.join("\n"),
    /^on a rancher\/rancher:v2\.9\.3 is sha256:333333333333 now, and its container is made from sha256:111111111111: /,
  );
  assert.deepEqual(
    stackOf(imageOf("1", { named: null }), imageOf("1")).remarks,
    [],
    "`up` gets an image that is gone",
  );
});
