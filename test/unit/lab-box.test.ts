import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boxVersion, recipeHash } from "../../lab/box";
import { baseVolume, catalog } from "../../lab/vagrant";

test("the recipe's hash changes with every name, content and order, wherever the bytes stand", () => {
  const parts = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const same = JSON.stringify(a) === JSON.stringify(b);
      assert.equal(recipeHash(a) === recipeHash(b), same);
    }),
  );
  assert.notEqual(recipeHash([["ab", "c"]]), recipeHash([["a", "bc"]]));
  assert.notEqual(
    recipeHash([["a", "1:b"]]),
    recipeHash([
      ["a", "1"],
      ["b", ""],
    ]),
  );
});

test("bytes of a file count as they are, not as text", () => {
  assert.notEqual(recipeHash([["a", Buffer.from([0xff])]]), recipeHash([["a", Buffer.from([0xfe])]]));
  assert.equal(recipeHash([["a", Buffer.from("é")]]), recipeHash([["a", "é"]]));
});

test("a box's version is numbers that Vagrant compares", () => {
  assert.equal(boxVersion("12", "01241effce3c"), "12.0.19144447");
  assert.match(boxVersion("12", "ffffffffffff"), /^\d+\.\d+\.\d+$/);
});

test("the base volume has the name that vagrant-libvirt gives it", () => {
  const volume = baseVolume({ name: "ha-rancher-debian", version: "12.0.1" });
  assert.equal(volume, "ha-rancher-debian_vagrant_box_image_12.0.1_box.img");
  assert.equal(
    baseVolume({ name: "debian/bookworm64", version: "12" }),
    "debian-VAGRANTSLASH-bookworm64_vagrant_box_image_12_box.img",
  );
});

test("the catalog names the box's file by a URL, whatever is in its path", () => {
  const file = "/home/me/my boxes/100% é/machine.box";
  const { versions } = JSON.parse(catalog({ name: "b", version: "1.0.0", file }));
  const [provider] = versions[0].providers;
  assert.equal(provider.name, "libvirt");
  assert.equal(decodeURIComponent(new URL(provider.url).pathname), file);
});
