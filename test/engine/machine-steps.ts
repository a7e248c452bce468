import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { steps } from "../../drill/rig/vagrant/fake-hypervisor";
import { processesIn } from "../../drill/rig/vagrant/processes";
import { TestStack } from "../../drill/rig/vagrant/test-stack";

/** Each step of a making goes wrong once; what passes by itself is tried again at once. */
export async function everyStep(t: TestContext): Promise<void> {
  const stack = await TestStack.make("steps");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  const nameOf = (step: string): string => `at-${step}`;
  for (const [i, step] of steps.entries())
    await stack.add(nameOf(step), `127.0.0.${41 + i}`, {
      provision: "echo",
      // Nobody else needs this one's volume, so it is the one that makes it.
      boxVersion: step === "upload" ? "2.0" : "1.0",
    });

  await t.test("a failure at any step leaves the machine in the state, with the reason", async () => {
    const { volumes } = hypervisor.shared();
    const others = Object.entries(volumes).filter(([name]) => !name.includes("2.0"));
    hypervisor.share({ volumes: Object.fromEntries(others) });
    for (const step of steps) if (step !== "network") hypervisor.plan(nameOf(step), step, "fail");
    // Dies when its system is up and its network is not: afterwards `up` would go on and call it done.
    hypervisor.plan(nameOf("network"), "network", "die");
    const { code, text } = await stack.up("--continue-on-error");
    assert.notEqual(code, 0);
    for (const step of steps.filter((each) => each !== "network"))
      assert.match(
        text,
        new RegExp(`\`vagrant up\` of at-${step} failed \\(FakeError\\):\\s+it went wrong, at ${step}`),
      );
    assert.equal(stack.state().size, steps.length);
    for (const [name, { outputs }] of stack.state()) assert.equal(outputs.state, "incomplete", name);
  });

  await t.test("the next up makes all of them, once and whole", async () => {
    await stack.mustUp();
    assert.equal(hypervisor.machines().length, steps.length);
    for (const machine of hypervisor.machines()) {
      assert.equal(machine.network, true, machine.name);
      assert.deepEqual(machine.scripts, ["echo"], machine.name);
      assert.equal(machine.hostname, machine.name);
    }
    await stack.mustBeUnchanged();
  });

  await t.test("what passes by itself is tried again in the same up", async () => {
    stack.calls();
    const libvirt = "VagrantPlugins::ProviderLibvirt::Errors::FogError";
    await stack.add("busy", "127.0.0.51");
    hypervisor.plan("busy", "define", {
      kind: libvirt,
      message: "cannot acquire state change lock (held by x)",
    });
    hypervisor.plan("at-box", "boot", {
      kind: "Vagrant::Errors::EnvironmentLockedError",
      message: "Vagrant attempted to acquire a lock named 'machine-index'",
    });
    stack.change("at-box", { memory: 1024 });
    const text = await stack.mustUp();
    assert.match(text, /busy: `vagrant up` of busy failed[\s\S]*making it again/);
    assert.match(text, /at-box: `vagrant reload` of at-box failed[\s\S]*trying again/);
    const calls = stack.calls().filter((call) => !call.includes("virsh"));
    assert.deepEqual(calls, ["at-box reload", "at-box reload", "busy up", "busy destroy", "busy up"]);
  });
}

/** Pulumi itself is killed: what it had begun goes on, and says so to who comes next. */
export async function killedPulumi(t: TestContext): Promise<void> {
  const stack = await TestStack.make("killed");
  t.after(() => stack.close());
  const { hypervisor } = stack;
  await stack.add("one", "127.0.0.61");

  await t.test("the next up names the process that still works on the machine", async () => {
    hypervisor.plan("one", "boot", "hang");
    const child = stack.start("up", "--yes", "--skip-preview");
    const ended = stack.finish(child);
    await stack.until(() => hypervisor.machines().length === 1);
    child.kill("SIGKILL");
    await ended;
    await stack.pulumi("cancel", "--yes");
    const { code, text } = await stack.up();
    assert.notEqual(code, 0);
    const [holder] = processesIn(stack.directoryOf("one"));
    assert.match(text, /another Vagrant command works on one at the moment: process \d+ \(/);
    assert.ok(text.includes(`process ${holder} (`), text);
  });

  await t.test("once that has ended, up makes the machine", async () => {
    for (const pid of processesIn(stack.directoryOf("one"))) process.kill(pid, "SIGKILL");
    await stack.until(() => processesIn(stack.directoryOf("one")).length === 0);
    await stack.mustUp();
    assert.equal(hypervisor.machines().length, 1);
    assert.equal(hypervisor.named("one").network, true);
    await stack.mustBeUnchanged();
  });

  await t.test("a base volume that a killed upload left is made again, not cloned", async () => {
    stack.change("one", { boxVersion: "2.0" });
    const { volumes } = hypervisor.shared();
    hypervisor.share({
      volumes: Object.fromEntries(Object.entries(volumes).filter(([name]) => !name.includes("2.0"))),
    });
    hypervisor.plan("one", "upload", "die");
    assert.notEqual((await stack.up()).code, 0);
    const text = await stack.mustUp();
    assert.match(text, /the volume lab-VAGRANTSLASH-debian_vagrant_box_image_2\.0\.\.\. was not finished/);
    const uploads = hypervisor.events().filter((event) => /2\.0/.test(event));
    const name = "lab-VAGRANTSLASH-debian_vagrant_box_image_2.0_box.img";
    assert.deepEqual(uploads, [`uploads ${name}`, `deleted ${name}`, `uploads ${name}`]);
  });
}
