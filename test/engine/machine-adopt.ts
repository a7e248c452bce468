import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FakeMachine } from "../../drill/rig/vagrant/fake-hypervisor";
import { processesIn } from "../../drill/rig/vagrant/processes";
import { TestStack } from "../../drill/rig/vagrant/test-stack";
import { newKeyPair } from "../../providers/vagrant/keys";

/** A machine that somebody made with a Vagrantfile of their own. */
function handMade(name: string, address: string, changes: Partial<FakeMachine>): FakeMachine {
  return {
    uuid: randomUUID(),
    domain: `project_${name}`,
    name,
    hypervisor: "libvirt",
    state: "running",
    box: "their/box 7",
    memory: 512,
    addresses: [`${address}/8`],
    sshHost: undefined,
    forwarded: [],
    network: true,
    authorized: ["insecure", "ssh-ed25519 AAAAtheirs them"],
    hostKey: newKeyPair(name).privateKey,
    hostname: "theirs",
    scripts: [],
    ...changes,
  };
}

/** Machines that exist are taken over instead of being made. */
export async function adoption(t: TestContext): Promise<void> {
  const stack = await TestStack.make("adopt");
  const theirs = mkdtempSync(join(tmpdir(), "engine-theirs-"));
  t.after(async () => {
    await stack.close();
    rmSync(theirs, { recursive: true });
  });
  const { hypervisor } = stack;
  const key = newKeyPair("made by Vagrant");
  const data = join(theirs, ".vagrant", "machines", "two", "libvirt");

  await t.test(
    "by name, and by the folder of its Vagrantfile; the other is made, since there is none",
    async () => {
      hypervisor.save(handMade("one", "127.0.0.91", {}));
      const two = handMade("two", "127.0.0.92", { state: "shutoff", authorized: [key.publicKey] });
      hypervisor.save(two);
      mkdirSync(data, { recursive: true });
      writeFileSync(join(data, "id"), two.uuid);
      writeFileSync(join(data, "private_key"), key.privateKey);
      writeFileSync(join(theirs, "Vagrantfile"), "# theirs");
      await stack.add("one", "127.0.0.91", { adopt: true });
      await stack.add("two", "127.0.0.92", { adopt: { folder: theirs } });
      await stack.add("three", "127.0.0.93", { adopt: true });
      await stack.mustUp();
      assert.equal(stack.state().get("one")?.outputs.machineId, hypervisor.named("one").uuid);
      assert.equal(stack.state().get("two")?.outputs.machineId, two.uuid);
      assert.deepEqual(
        stack.calls().filter((call) => !call.includes("virsh")),
        ["one provision", "three up", "two up", "two provision"],
      );
      assert.equal(hypervisor.machines().length, 3);
      await stack.mustRefresh();
      await stack.mustBeUnchanged();
    },
  );

  await t.test(
    "it keeps its owner's keys but for the one that everybody has, and gets its name",
    async () => {
      const { authorized, hostname } = hypervisor.named("one");
      assert.equal(hostname, "one");
      assert.equal(authorized.length, 2);
      assert.equal(authorized[0], "ssh-ed25519 AAAAtheirs them");
      assert.equal(readFileSync(join(theirs, "Vagrantfile"), "utf8"), "# theirs");
      assert.ok(existsSync(join(data, "id")));
    },
  );

  await t.test(
    "what is not there, or does not answer as the inputs say, is left as it is, and nothing is noted",
    async () => {
      const four = handMade("four", "127.0.0.99", {});
      hypervisor.save(four);
      await stack.add("four", "127.0.0.94", { adopt: { id: four.domain } });
      await stack.add("five", "127.0.0.95", { adopt: { id: "nobody" } });
      await stack.add("six", "127.0.0.96", { adopt: { folder: theirs } });
      const { code, text } = await stack.up("--continue-on-error");
      assert.notEqual(code, 0);
      assert.match(
        text,
        /four cannot be taken over \(`adopt`\), and was left as it is: four is up, but it does not answer/,
      );
      assert.match(text, /`adopt\.id` nobody: libvirt has no such machine/);
      assert.match(text, /`adopt\.folder` \S+: Vagrant knows no machine six of libvirt there/);
      assert.deepEqual([...stack.state().keys()].sort(), ["one", "three", "two"]);
      assert.equal(hypervisor.named("four").state, "running");
      assert.equal(stack.hasFolder("four"), false);
      for (const name of ["four", "five", "six"]) stack.remove(name);
    },
  );

  await t.test(
    "Pulumi is killed while it takes one over: the machine is not made anew, but taken over",
    async () => {
      const seven = handMade("seven", "127.0.0.97", {});
      hypervisor.save(seven);
      await stack.add("seven", "127.0.0.97", { adopt: true });
      hypervisor.plan("seven", "identity", "hang");
      const child = stack.start("up", "--yes", "--skip-preview");
      const ended = stack.finish(child);
      await stack.until(() => !hypervisor.isPlanned("seven", "identity"));
      child.kill("SIGKILL");
      await ended;
      for (const pid of processesIn(stack.folder)) process.kill(pid, "SIGKILL");
      await stack.pulumi("cancel", "--yes");
      await stack.mustUp();
      assert.equal(stack.state().get("seven")?.outputs.machineId, seven.uuid);
      assert.ok(hypervisor.find(seven.uuid));
    },
  );

  await t.test("from then on it is the stack's, and ends with it", async () => {
    await stack.mustDestroy();
    assert.deepEqual(
      hypervisor.machines().map(({ name }) => name),
      ["four"],
    );
    assert.ok(existsSync(join(theirs, "Vagrantfile")));
  });
}
