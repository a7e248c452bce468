import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import {
  type ImageArchiveInputs,
  type ImageArchiveOutputs,
  imageArchive,
} from "../../providers/docker/image-archive-provider";
import { TestServer } from "./remote-server";

const server = new TestServer();

/** A Docker that has the image whose name is the archive's first line, with the archive's sum as its id. */
const docker = `#!/bin/sh
store=${server.path("store")}
case "$1 $2" in
  "load "*) cat >"$store"; echo "Loaded image: $(head -n 1 "$store")" ;;
  "image inspect")
    if [ -e "$store" ] && [ "$(head -n 1 "$store")" = "$5" ]; then echo "sha256:$(sha256sum <"$store" | cut -c 1-64)"
    else echo "Error: No such image: $5" >&2; exit 1; fi ;;
esac
`;

before(async () => {
  await server.start();
  writeFileSync(server.path("bin/docker"), docker);
  chmodSync(server.path("bin/docker"), 0o755);
});
after(() => server.stop());
beforeEach(() => rmSync(server.path("store"), { force: true }));

let count = 0;
function archive(content = "rancher/rancher:v2.12.3\nlayers\n"): ImageArchiveInputs {
  const file = server.path(`archive-${++count}`);
  writeFileSync(file, content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { ssh: server.endpoint, image: "rancher/rancher:v2.12.3", file, sha256 };
}

async function create(inputs: ImageArchiveInputs): Promise<ImageArchiveOutputs> {
  const { outs } = await imageArchive.create(inputs);
  return outs ?? assert.fail("no outputs");
}

test("an archive is loaded, and its image found; deleting leaves it", async () => {
  const inputs = archive();
  assert.deepEqual((await imageArchive.check({}, inputs)).failures, []);
  const outs = await create(inputs);
  assert.equal(outs.imageId, `sha256:${inputs.sha256}`);
  assert.deepEqual(readFileSync(server.path("store")), readFileSync(inputs.file));
  assert.deepEqual(await imageArchive.read("id", outs), { id: "id", props: outs, inputs });
  await imageArchive.delete();
  assert.ok(existsSync(server.path("store")));
});

test("a file with another digest is not loaded", async () => {
  const inputs = { ...archive(), sha256: "0".repeat(64) };
  await assert.rejects(
    create(inputs),
    /`imageArchive.sha256` is 0{64}, and .* has [0-9a-f]{64}.*nothing was loaded/,
  );
  await assert.rejects(create({ ...inputs, file: server.path("none") }), /none cannot be read/);
  assert.ok(!existsSync(server.path("store")));
});

test("an archive of another image is told", async () => {
  const inputs = archive("rancher/rancher:v2.11.0\n");
  await assert.rejects(create(inputs), /holds no image of the name .*v2\.12\.3.*Loaded image: .*v2\.11\.0/);
});

test("an image that is gone, or another one of its name, is loaded again", async () => {
  const outs = await create(archive());
  writeFileSync(server.path("store"), "rancher/rancher:v2.12.3\nother layers\n");
  assert.equal((await imageArchive.read("id", outs)).id, "");
  rmSync(server.path("store"));
  assert.equal((await imageArchive.read("id", outs)).id, "");
});

test("what is a change, and what is not", async () => {
  const inputs = archive();
  const outs = await create(inputs);
  const changed = async (news: ImageArchiveInputs) => (await imageArchive.diff("id", outs, news)).changes;
  assert.equal(await changed(inputs), false);
  assert.equal(await changed({ ...inputs, file: "/elsewhere" }), false, "where it lies is no matter");
  const otherKey = { ...inputs, ssh: { ...inputs.ssh, privateKey: "another" } };
  assert.equal(await changed(otherKey), true, "the state must not keep a key that is refused by now");
  const kept = await imageArchive.update("id", outs, otherKey);
  assert.deepEqual(
    [kept.outs?.imageId, kept.outs?.ssh],
    [outs.imageId, otherKey.ssh],
    "it is not loaded again",
  );
  const newer = { ...archive("rancher/rancher:v2.12.4\nnewer\n"), image: "rancher/rancher:v2.12.4" };
  assert.equal(await changed(newer), true);
  assert.deepEqual((await imageArchive.check(inputs, newer)).failures, []);
  const sameName = await imageArchive.check(inputs, { ...newer, image: inputs.image });
  assert.match(
    sameName.failures?.[0]?.reason ?? "",
    /is another archive's, .* give another image another tag/,
  );
  const { outs: updated } = await imageArchive.update("id", outs, newer);
  assert.equal(updated?.imageId, `sha256:${newer.sha256}`);
  const bad = await imageArchive.check({}, { ...inputs, sha256: "abc" });
  assert.match(bad.failures?.[0]?.reason ?? "", /`sha256` must be a SHA-256 in hex/);
});
