import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import type { TestContext } from "node:test";
import { mustEndWell, type StateResource, TestStack } from "../../drill/rig/vagrant/test-stack";

/** One after the other, all that happens to two machines from their making to their end. */
export async function lifeOfTwoMachines(t: TestContext): Promise<void> {
  const stack = await TestStack.make("life");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  await stack.add("one", "127.0.0.11", { provision: "echo first" });
  await stack.add("two", "127.0.0.12");

  await t.test("up makes both", async () => {
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["one up", "two up"]);
    const state = stack.state();
    const { outputs, id } = state.get("one") ?? assert.fail("no machine in the state");
    assert.match(id, /^one-[0-9a-f]{8}$/);
    assert.equal(outputs.state, "running");
    assert.equal(outputs.interface, "eth1");
    assert.equal(outputs.machineId, hypervisor.named("one").uuid);
    assert.deepEqual(hypervisor.named("one").scripts, ["echo first"]);
    assert.equal(hypervisor.named("two").memory, 2048);
  });

  await t.test("the keys are not in clear in the state, and each machine has its own", async () => {
    assert.doesNotMatch(stack.stateText(), /PRIVATE KEY/);
    const clear = JSON.parse(mustEndWell(await stack.pulumi("stack", "export", "--show-secrets"))) as {
      deployment: { resources: StateResource[] };
    };
    const keys = clear.deployment.resources.flatMap(({ outputs }) =>
      outputs?.ssh ? [JSON.stringify(outputs.ssh)] : [],
    );
    assert.equal(keys.length, 2);
    assert.ok(keys.every((key) => key.includes("PRIVATE KEY")));
    assert.equal(new Set(keys).size, 2);
  });

  await t.test("a second up, a refresh and a preview change nothing", async () => {
    await stack.mustUp("--expect-no-changes");
    assert.deepEqual(stack.calls(), []);
    await stack.mustRefresh();
    assert.deepEqual(stack.calls(), ["one virsh domstate", "two virsh domstate"]);
    await stack.mustBeUnchanged();
    assert.deepEqual(stack.calls(), []);
  });

  await t.test("a halted machine is drift: the next up starts it and leaves the other alone", async () => {
    hypervisor.change("one", { state: "shutoff" });
    await stack.mustRefresh();
    assert.equal(stack.state().get("one")?.outputs.state, "shutoff");
    stack.calls();
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["one virsh domstate", "one up"]);
    assert.equal(hypervisor.named("one").state, "running");
    await stack.mustBeUnchanged();
  });

  await t.test("a plain up sees by itself that a machine was halted, or removed by hand", async () => {
    hypervisor.change("one", { state: "shutoff" });
    stack.calls();
    await stack.mustUp();
    assert.equal(stack.calls().at(-1), "one up");
    assert.equal(hypervisor.named("one").state, "running");
    await stack.mustBeUnchanged();
    const gone = hypervisor.named("one").uuid;
    hypervisor.remove(gone);
    await stack.mustUp();
    assert.equal(stack.calls().at(-1), "one up");
    assert.notEqual(hypervisor.named("one").uuid, "");
    assert.equal(hypervisor.named("two").state, "running");
    await stack.mustBeUnchanged();
  });

  await t.test("a machine without an address at its hypervisor is powered off and started", async () => {
    hypervisor.change("two", { state: "inaccessible" });
    stack.calls();
    await stack.mustUp("--refresh");
    assert.deepEqual(stack.calls(), [
      "one virsh domstate",
      // It has no lease: whether that is so for long, Vagrant knows.
      "two virsh domstate",
      "two status",
      "two virsh domstate",
      "two status",
      "two virsh destroy",
      "two up",
    ]);
    assert.equal(hypervisor.named("two").state, "running");
  });

  await t.test("a machine that was destroyed by hand is made again, under the same name", async () => {
    const gone = hypervisor.named("two").uuid;
    hypervisor.remove(gone);
    await stack.mustRefresh();
    assert.equal(stack.state().has("two"), false);
    stack.calls();
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["two up"]);
    assert.notEqual(hypervisor.named("two").uuid, gone);
  });

  await t.test(
    "a machine that lost Vagrant's files, and one that lost its whole folder, are found again",
    async () => {
      rmSync(`${stack.directoryOf("one")}/.vagrant`, { recursive: true });
      rmSync(stack.directoryOf("two"), { recursive: true });
      await stack.mustRefresh();
      await stack.mustBeUnchanged();
      assert.deepEqual(stack.calls(), ["one virsh domstate", "two virsh domstate"]);
    },
  );

  await t.test(
    "changed inputs: memory restarts, a script runs, time limits do nothing, all at once",
    async () => {
      stack.change("one", { memory: 1024 });
      stack.change("two", { provision: "echo second", timeouts: { halt: 90 } });
      await stack.mustUp();
      const calls = stack
        .takeCalls()
        .filter(({ machine, command }) => machine && !command.startsWith("virsh"));
      assert.deepEqual(calls, [
        { command: "reload", machine: "one", args: ["--no-provision"] },
        { command: "provision", machine: "two", args: ["--provision-with", "script"] },
      ]);
      assert.equal(hypervisor.named("one").memory, 1024);
      assert.deepEqual(hypervisor.named("one").scripts, ["echo first"]);
      assert.deepEqual(hypervisor.named("two").scripts, ["echo second"]);
      stack.change("two", { timeouts: { up: 900 } });
      await stack.mustUp();
      assert.deepEqual(stack.calls(), []);
      await stack.mustBeUnchanged();
    },
  );

  await t.test("another box makes another machine; one that left the program is destroyed", async () => {
    const before = hypervisor.named("one").uuid;
    stack.change("one", { boxVersion: "2.0" });
    stack.remove("two");
    await stack.mustUp();
    assert.deepEqual(stack.calls(), ["one destroy", "one up", "two destroy"]);
    assert.notEqual(hypervisor.named("one").uuid, before);
    assert.equal(hypervisor.named("one").box, "lab/debian 2.0");
    assert.equal(hypervisor.machines().length, 1);
    assert.equal(stack.hasFolder("two"), false);
  });

  await t.test("destroy ends well when everything is gone already", async () => {
    hypervisor.remove(hypervisor.named("one").uuid);
    rmSync(stack.directoryOf("one"), { recursive: true });
    await stack.mustDestroy();
    assert.equal(stack.state().size, 0);
    assert.equal(stack.hasFolder("one"), false);
  });
}
