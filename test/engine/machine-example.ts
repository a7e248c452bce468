import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { packageRoot } from "../../local/root";

/** The example of docs/machines.md, run as it is. */
export async function example(t: TestContext): Promise<void> {
  const file = join(packageRoot, "dist", "examples", "machine", "index.js");
  const stack = await TestStack.make("example", undefined, file);
  t.after(() => stack.close());
  const set = async (key: string, value: string): Promise<string> =>
    mustEndWell(await stack.pulumi("config", "set", key, value));
  const settings = {
    hypervisor: "libvirt",
    box: "lab/debian",
    boxVersion: "1.0",
    memory: "1024",
    directory: join(stack.folder, "machines"),
    address: "127.0.0.111/8",
    sshPort: String(await stack.guests.listen("127.0.0.111")),
  };
  for (const [key, value] of Object.entries(settings)) await set(key, value);

  await t.test("it makes a machine, and says how to log in", async () => {
    await stack.mustUp();
    const outputs = JSON.parse(mustEndWell(await stack.pulumi("stack", "output", "--json"))) as Record<
      string,
      string
    >;
    assert.equal(outputs.address, "127.0.0.111");
    assert.match(outputs.ssh ?? "", /^ssh -i \S+\/example\/web\/id_ed25519 .*vagrant@127\.0\.0\.111$/);
    assert.equal(stack.hypervisor.named("web").scripts.length, 1);
    await stack.mustBeUnchanged();
  });

  await t.test("another memory is applied, and destroy leaves nothing", async () => {
    await set("memory", "2048");
    await stack.mustUp();
    assert.equal(stack.hypervisor.named("web").memory, 2048);
    await stack.mustDestroy();
    assert.deepEqual(stack.hypervisor.machines(), []);
  });
}
