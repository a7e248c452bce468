import assert from "node:assert/strict";
import { before, test } from "node:test";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings } from "../../settings";
import { enterMockLab, haRancher, mockPulumi, type Registered, resolved } from "./mocks";

const sshKey = newKeyPair("fence").privateKey;
let registered: Registered[];

before(async () => {
  registered = await mockPulumi();
  enterMockLab();
  const stack = await haRancher(
    parseSettings({
      vip: "192.168.56.10/24",
      nodes: JSON.stringify([
        { name: "rancher-1", address: "192.168.56.11" },
        { name: "rancher-2", address: "192.168.56.12" },
      ]),
      fencing: JSON.stringify({
        agent: "fence_virsh",
        options: { ip: "192.168.56.1", username: "fence" },
        nodes: { "rancher-1": { plug: "one" }, "rancher-2": { plug: "two" } },
        ...{ sshKey, hostKey: "ssh-ed25519 AAAA", timeout: 40 },
      }),
    }),
  );
  await resolved(stack.nodes);
});

/** Pulumi marks a secret in what it hands over by this key. */
const secretMark = "4dabf18193072939515e22adb298388d";

test("each node knows how to fence the others, as a secret", () => {
  for (const [node, other, plug] of [
    ["rancher-1", "rancher-2", "two"],
    ["rancher-2", "rancher-1", "one"],
  ]) {
    const files = registered.find(({ name }) => name === `ha-rancher-software-${node}-fence-files`)?.inputs
      .files;
    assert.ok(files?.[secretMark], "the files are no secret");
    const { content, mode } = files.value[`/etc/ha-rancher/fence/${other}`];
    assert.match(content, new RegExp(`^plug=${plug}$`, "m"));
    assert.equal(mode, "0600");
    assert.equal(files.value["/etc/ha-rancher/fence/ssh.key"].content, sshKey);
    assert.ok(!(`/etc/ha-rancher/fence/${node}` in files.value), "it would fence itself");
  }
});

test("the agent knows its fence agent, which is installed; the key is nowhere else", () => {
  for (const { name, inputs } of registered) {
    if (name.endsWith("-agent-files")) {
      const { fence, timers } = JSON.parse(inputs.files["/etc/ha-rancher/agent.json"].content);
      assert.deepEqual([fence, timers.fenceLimit], [{ agent: "fence_virsh" }, 40_000]);
    }
    if (name.endsWith("-prepared")) assert.match(String(inputs.create), / fence_virsh$/);
    if (!name.endsWith("-fence-files"))
      assert.ok(!JSON.stringify(inputs).includes(sshKey.split("\n")[1] ?? ""), name);
  }
});
