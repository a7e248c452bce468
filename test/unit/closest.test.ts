import assert from "node:assert/strict";
import { test } from "node:test";
import { closest, didYouMean } from "../../domain/closest";

test("a word that is nearly another is told apart from one that is none", () => {
  const known = ["keepData", "keepalived", "nodes", "vip", "image", "imageArchive"];
  for (const [word, expected] of [
    ["keepdata", "keepData"],
    ["keepDta", "keepData"],
    ["imgae", "image"],
    ["vpi", "vip"],
    ["node", "nodes"],
    ["imageArchiv", "imageArchive"],
    ["x", undefined],
    ["kubernetesVersion", undefined],
    ["", undefined],
  ] as const)
    assert.equal(closest(word, known), expected, word);
  assert.equal(closest("a", []), undefined);
});

test("the nearest of several is meant, and the first of equals", () => {
  assert.equal(closest("rancher-22", ["rancher-1", "rancher-2", "rancher-3"]), "rancher-2");
  assert.equal(closest("rancher-9", ["rancher-1", "rancher-2"]), "rancher-1");
});

test("a message ends with it, if there is one", () => {
  assert.equal(didYouMean("staus", ["status", "up"]), "; did you mean `status`?");
  assert.equal(didYouMean("x", ["status"]), "");
});
