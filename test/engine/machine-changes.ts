import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { newKeyPair } from "../../providers/vagrant/keys";

/** Changes from inside and outside of the program that machines answer in other ways than by a restart. */
export async function changes(t: TestContext): Promise<void> {
  const stack = await TestStack.make("changes");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  const given = newKeyPair("given");
  const boxes = newKeyPair("of the box");
  const acts = (): string[] => stack.calls().filter((call) => !call.includes("virsh"));

  await t.test(
    "a key of one's own takes the place of the well-known one; a box's key stays if it is to",
    async () => {
      await stack.add("one", "127.0.0.101", { environment: { TOKEN: "hush-hush" } });
      await stack.mustUp();
      hypervisor.setBoxKey(boxes.publicKey);
      await stack.add("two", "127.0.0.102", { sshPrivateKey: boxes.privateKey, sshInsertKey: false });
      await stack.mustUp();
      assert.deepEqual(hypervisor.named("two").authorized, ["insecure", boxes.publicKey]);
      assert.equal(hypervisor.named("one").authorized.length, 1);
      assert.notEqual(hypervisor.named("one").authorized[0], "insecure");
      acts();
    },
  );

  await t.test("a new key, host name and script are given to the running machine", async () => {
    stack.change("one", {
      sshPrivateKey: given.privateKey,
      hostname: "rancher",
      provision: [
        { name: "first", script: "echo 1" },
        { name: "second", script: "echo 2", privileged: false },
      ],
    });
    stack.change("two", { provision: "echo" });
    await stack.mustUp();
    assert.deepEqual(acts(), ["one provision", "two provision"]);
    const one = hypervisor.named("one");
    assert.equal(one.hostname, "rancher");
    assert.deepEqual(one.scripts, ["echo 1", "echo 2"]);
    assert.ok(one.authorized[0]?.startsWith(given.publicKey.split(" ").slice(0, 2).join(" ")));
    await stack.mustRefresh();
    await stack.mustBeUnchanged();
    assert.doesNotMatch(stack.stateText(), /PRIVATE KEY|hush-hush/);
  });

  await t.test("another address makes another machine: Vagrant would ignore it", async () => {
    const before = hypervisor.named("two").uuid;
    await stack.add("two", "127.0.0.103", { sshPrivateKey: boxes.privateKey, sshInsertKey: false });
    acts();
    await stack.mustUp();
    assert.deepEqual(acts(), ["two destroy", "two up"]);
    assert.notEqual(hypervisor.named("two").uuid, before);
  });

  await t.test("a folder that moved, in the program or by hand, leaves no machine behind", async () => {
    const [one, two] = [stack.directoryOf("one"), stack.directoryOf("two")];
    renameSync(two, `${two}-moved`);
    stack.change("one", { directory: `${one}-elsewhere` });
    stack.change("two", { directory: `${two}-moved` });
    await stack.mustUp();
    assert.deepEqual(
      hypervisor
        .machines()
        .map(({ name }) => name)
        .sort(),
      ["one", "two"],
    );
    assert.equal(stack.hasFolder("one") || stack.hasFolder("two"), false);
    await stack.mustRefresh();
    await stack.mustBeUnchanged();
  });

  await t.test(
    "suspended is drift; so is a machine that was made anew by hand from another box",
    async () => {
      const directory = `${stack.directoryOf("one")}-elsewhere`;
      hypervisor.change("two", { state: "paused" });
      const meta = join(directory, ".vagrant", "machines", "one", "libvirt", "box_meta");
      writeFileSync(meta, JSON.stringify({ ...JSON.parse(readFileSync(meta, "utf8")), version: "0.9" }));
      await stack.mustRefresh();
      assert.equal(stack.state().get("two")?.outputs.state, "paused");
      acts();
      await stack.mustUp();
      assert.deepEqual(acts(), ["one destroy", "one up", "two up"]);
      await stack.mustBeUnchanged();
    },
  );

  await t.test("where there is no virsh, Vagrant is asked, once a machine", async () => {
    stack.hideProgram("virsh", true);
    await stack.mustRefresh();
    assert.deepEqual(acts(), ["one status", "two status"]);
    stack.hideProgram("virsh", false);
  });

  await t.test(
    "destroy: a halted machine ends; one whose hypervisor's plugin is gone too, if it is gone itself",
    async () => {
      hypervisor.change("one", { state: "shutoff" });
      hypervisor.remove(hypervisor.named("two").uuid);
      const plugin = join(hypervisor.home, "no-provider");
      writeFileSync(plugin, "");
      const { code, text } = await stack.pulumi("destroy", "--yes", "--skip-preview");
      assert.notEqual(code, 0);
      assert.match(text, /`hypervisor` libvirt cannot be used here: install it/);
      assert.deepEqual([...stack.state().keys()], ["one"]);
      rmSync(plugin);
      await stack.mustDestroy();
      assert.deepEqual(hypervisor.machines(), []);
    },
  );
}
