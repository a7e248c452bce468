import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../lab/image/build";
import { parseReference } from "../../lab/registry";

test("candidate versions are read, with and without an installed version and an architecture", () => {
  const policy = `caddy:
  Installed: (none)
  Candidate: 2.6.2-5
  Version table:
     2.6.2-5 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
busybox-static:
  Installed: 1:1.35.0-4
  Candidate: 1:1.35.0-4+deb12u1+b1
libc6:amd64:
  Candidate: 2.36-9+deb12u14
gone:
  Installed: (none)
  Candidate: (none)
`;
  assert.deepEqual(
    [...parsePolicy(policy)],
    [
      ["caddy", "2.6.2-5"],
      ["busybox-static", "1:1.35.0-4+deb12u1+b1"],
      ["libc6", "2.36-9+deb12u14"],
    ],
  );
});

test("a package that apt does not know has no version", () => {
  assert.equal(parsePolicy("").size, 0);
});

const name = fc
  .stringMatching(/^[a-z0-9]+([.-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)*$/)
  .filter((each) => each.length <= 255);
const tag = fc.stringMatching(/^\w[\w.-]{0,40}$/);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);

test("a reference is taken apart into what it was made of", () => {
  fc.assert(
    fc.property(name, tag, digest, (repository, tag, digest) => {
      assert.deepEqual(parseReference(`${repository}:${tag}@${digest}`), { repository, tag, digest });
    }),
  );
});

test("a reference without a tag or a whole digest is refused", () => {
  for (const reference of ["a/b", "a/b:1", `a/b@sha256:${"0".repeat(64)}`, "a/b:1@sha256:0123", ""]) {
    assert.throws(() => parseReference(reference), /not of the form/, reference);
  }
});
