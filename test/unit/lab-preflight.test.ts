import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkLabName, homeProblem } from "../../lab/preflight";

test("a lab's name can neither leave its folder nor be taken for an option", () => {
  for (const name of ["lab", "a", "test-2", "x".repeat(31)]) checkLabName(name);
  for (const name of ["", ".", "..", "a/b", "-rf", "a-", "Lab", "a b", "a\n", "ä", "x".repeat(32), "a..b"]) {
    assert.throws(
      () => checkLabName(name),
      /`HA_RANCHER_LAB_NAME`.*choose another one/s,
      JSON.stringify(name),
    );
  }
  fc.assert(
    fc.property(fc.string(), (name) => {
      try {
        checkLabName(name);
      } catch {
        return;
      }
      assert.match(name, /^[a-z0-9-]+$/);
    }),
  );
});

test("a home whose sockets the system could not open is refused, to the byte", () => {
  // /HOME/libvirt/run/libvirt-sock is 25 bytes longer than the home.
  assert.equal(homeProblem(`/${"x".repeat(81)}`), undefined);
  assert.match(homeProblem(`/${"x".repeat(82)}`) ?? "", /108 bytes.*107.*`XDG_CACHE_HOME`/);
  assert.match(homeProblem(`/${"é".repeat(41)}`) ?? "", /108 bytes/);
});

test("a home that the daemons could not see or name is refused", () => {
  for (const home of ["/run/user/0/lab", "/dev/shm/lab", '/a"b', "/a\nb", "/a,b"]) {
    assert.match(homeProblem(home) ?? "", /`XDG_CACHE_HOME`/, home);
  }
  for (const home of ["/runner/lab", "/home/me/.cache/ha-rancher/labs/lab", "/a b/lab"]) {
    assert.equal(homeProblem(home), undefined, home);
  }
});
