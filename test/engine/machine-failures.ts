import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TestStack } from "../../drill/rig/vagrant/test-stack";

/** Makings that go wrong half-way, and what the next `up` makes of them. */
export async function brokenMakings(t: TestContext): Promise<void> {
  const stack = await TestStack.make("broken");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  await stack.add("one", "127.0.0.21", { provision: "echo first" });
  await stack.add("two", "127.0.0.22", { provision: "echo first" });
  await stack.add("three", "127.0.0.23");

  await t.test("what failed is in the state, with Vagrant's own words and nothing in clear", async () => {
    hypervisor.plan("one", "boot", "fail");
    hypervisor.plan("two", "script", "fail");
    const { code, text } = await stack.up();
    assert.notEqual(code, 0);
    assert.match(text, /`vagrant up` of one failed \(FakeError\):\s+it went wrong, at boot/);
    assert.match(text, /`vagrant up` of two failed \(FakeError\):\s+it went wrong, at script/);
    assert.match(text, /Running provisioner: script/, "what came before the error is shown");
    const state = stack.state();
    assert.deepEqual(
      ["one", "two", "three"].map((name) => state.get(name)?.outputs.state),
      ["incomplete", "incomplete", "running"],
    );
    assert.doesNotMatch(text, /PRIVATE KEY/);
    assert.doesNotMatch(stack.stateText(), /PRIVATE KEY/);
  });

  await t.test("a refresh does not take a half-made machine for a whole one", async () => {
    await stack.mustRefresh();
    assert.equal(stack.state().get("two")?.outputs.state, "incomplete");
  });

  await t.test("the next up makes them anew and leaves the third alone", async () => {
    stack.calls();
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["one destroy", "one up", "two destroy", "two up"]);
    assert.deepEqual(hypervisor.named("two").scripts, ["echo first"]);
    await stack.mustBeUnchanged();
  });

  await t.test("a change that failed is tried again, not forgotten", async () => {
    stack.change("one", { memory: 1024, provision: "echo second" });
    hypervisor.plan("one", "script", "fail");
    const { code, text } = await stack.up();
    assert.notEqual(code, 0);
    assert.match(text, /`vagrant reload` of one failed/);
    assert.equal(stack.state().get("one")?.outputs.state, "failed");
    stack.calls();
    await stack.mustUp("--refresh");
    const calls = stack.calls().filter((call) => call.startsWith("one"));
    assert.deepEqual(calls, ["one virsh domstate", "one virsh domstate", "one reload"]);
    assert.deepEqual(hypervisor.named("one").scripts, ["echo first", "echo second"]);
    await stack.mustBeUnchanged();
  });

  await t.test("destroy keeps what it cannot destroy, says why, and goes on later", async () => {
    hypervisor.plan("one", "destroy", "fail");
    const { code, text } = await stack.pulumi("destroy", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(text, /`vagrant destroy` of one failed.*\s+it went wrong, at destroy/);
    assert.ok(stack.state().has("one"));
    await stack.mustDestroy();
    assert.deepEqual(hypervisor.machines(), []);
  });
}

/** Makings that are killed, cancelled, or end well without having done everything. */
export async function interruptedMakings(t: TestContext): Promise<void> {
  const stack = await TestStack.make("interrupted");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  await stack.add("one", "127.0.0.31");
  await stack.add("two", "127.0.0.32");

  await t.test("a killed up is gone on with, and ends with a network", async () => {
    hypervisor.plan("one", "network", "die");
    const { code, text } = await stack.up();
    assert.notEqual(code, 0);
    assert.match(text, /`vagrant up` of one was ended before it was done/);
    stack.calls();
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["one destroy", "one up"]);
    assert.equal(hypervisor.named("one").network, true);
    await stack.mustBeUnchanged();
  });

  await t.test("an up that ends well without a network is seen and mended at once", async () => {
    stack.change("two", { boxVersion: "2.0" });
    hypervisor.plan("two", "network", "skip");
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["two destroy", "two up", "two ssh", "two destroy", "two up"]);
    assert.equal(hypervisor.named("two").network, true);
  });

  await t.test("Ctrl-C in the middle of up: the next up makes what is missing", async () => {
    await stack.add("three", "127.0.0.33");
    hypervisor.plan("three", "boot", "hang");
    const child = stack.start("up", "--yes", "--skip-preview");
    const ended = stack.finish(child);
    await stack.until(() => hypervisor.machines().length === 3);
    // Once: Pulumi waits for what it has begun. Twice: it ends it.
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    child.kill("SIGINT");
    assert.notEqual((await ended).code, 0);
    stack.calls();
    await stack.mustUp();
    assert.deepEqual(
      stack.calls().filter((call) => !/stat(e|us)$/.test(call)),
      ["three destroy", "three up"],
    );
    await stack.mustBeUnchanged();
  });

  await t.test("a machine whose state was lost is taken over; another program's is not", async () => {
    const { uuid } = hypervisor.named("one");
    const urn = stack.state().get("one")?.urn ?? assert.fail("no machine in the state");
    assert.equal((await stack.pulumi("state", "delete", urn, "--yes")).code, 0);
    const other = { directory: stack.directoryOf("two") };
    await stack.add("four", "127.0.0.34", other);
    const { code, text } = await stack.up();
    assert.notEqual(code, 0);
    assert.match(text, /`directory` is \S+, which engine\/interrupted\/(two|four) has too/);
    stack.remove("four");
    await stack.mustUp();
    assert.equal(hypervisor.named("one").uuid, uuid);
    const record = readFileSync(join(stack.directoryOf("one"), "machine.json"), "utf8");
    assert.equal(JSON.parse(record).id, stack.state().get("one")?.id);
  });

  await t.test("all mistakes are named at once, and nothing is run", async () => {
    stack.calls();
    await stack.add("bad", "127.0.0.35", {
      name: "Not A Host",
      directory: "relative",
      hypervisor: "xen",
      memory: 256,
      cpus: 0,
      networks: [{ type: "private", address: "192.168.56.300/24" }],
      timeouts: { up: "long" },
    });
    const { code, text } = await stack.pulumi("preview");
    assert.notEqual(code, 0);
    for (const setting of ["name", "directory", "memory", "cpus", "networks[0].address", "timeouts.up"])
      assert.ok(text.includes(`\`${setting}\` must be`), setting);
    assert.match(text, /`hypervisor` must be one of libvirt, virtualbox, vmware_desktop/);
    assert.deepEqual(stack.calls(), []);
  });
}
