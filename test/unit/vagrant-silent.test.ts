import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { greets } from "../../providers/remote/greeting";
import { machine } from "../../providers/vagrant/lifecycle";
import { putScript, temporaryFolder, withEnvironment } from "./cli-support";

async function server(t: TestContext, says: string): Promise<number> {
  const listening = createServer((socket) => socket.on("error", () => {}).write(says)).listen(0, "127.0.0.1");
  await once(listening, "listening");
  t.after(() => listening.close());
  return (listening.address() as AddressInfo).port;
}

test("an SSH server greets, also after other lines; nothing else does", async (t) => {
  assert.equal(await greets("127.0.0.1", await server(t, "SSH-2.0-x\r\n")), true);
  assert.equal(await greets("127.0.0.1", await server(t, "welcome\r\nSSH-2.0-x\r\n")), true);
  assert.equal(await greets("127.0.0.1", await server(t, "HTTP/1.1 400 Bad Request\r\n")), false);
  assert.equal(await greets("127.0.0.1", await server(t, "x".repeat(9_000))), false);
  assert.equal(await greets("127.0.0.1", 1), false);
});

test("a machine is a change when its hypervisor says that it does not run, asked only if it is silent", async (t) => {
  const folder = temporaryFolder(t);
  const asked = join(folder, "asked");
  withEnvironment(t, { PATH: `${folder}:${process.env.PATH}` });
  const port = await server(t, "SSH-2.0-x\r\n");
  const checked = await machine.check(
    {},
    {
      ...{
        name: "a",
        box: "lab/debian",
        boxVersion: "1.0",
        hypervisor: "libvirt",
        directory: join(folder, "a"),
      },
      ...{ networks: [{ type: "private", address: "192.168.56.11/24" }], owner: "test" },
    },
  );
  assert.deepEqual(checked.failures, []);
  const inputs = checked.inputs as Parameters<typeof machine.diff>[2];
  const changes = async (sshPort: number, state = "running"): Promise<boolean | undefined> => {
    const olds = { ...inputs, state, machineId: "u-u-i-d", ssh: { host: "127.0.0.1", port: sshPort } };
    return (await machine.diff("a-1", olds as unknown as Parameters<typeof machine.diff>[1], inputs)).changes;
  };
  const virsh = (...lines: string[]): string =>
    putScript(join(folder, "virsh"), [`touch ${asked}`, ...lines]);
  virsh("echo 'shut off'");
  assert.equal(await changes(port), false);
  assert.ok(!existsSync(asked), "one that answers is not asked about");
  assert.equal(await changes(1), true);
  assert.ok(existsSync(asked));
  virsh("echo running; echo vnet0 52:54:00:00:00:01 ipv4 192.168.56.11/24");
  assert.equal(await changes(1), false, "it is busy, or its network is");
  putScript(join(folder, "vagrant"), ["exit 1"]);
  virsh("exit 1");
  assert.equal(await changes(1), false, "what cannot be looked at is no change");
  assert.equal(await changes(port, "shutoff"), true, "as a refresh noted it");
});
