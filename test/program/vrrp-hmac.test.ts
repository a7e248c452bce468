import assert from "node:assert/strict";
import { before, test } from "node:test";
import { hmacKeyFile, hmacKeyId } from "../../domain/vrrp-hmac";
import { parseSettings } from "../../settings";
import { enterMockLab, haRancher, mockPulumi, onNodes, type Registered, resolved } from "./mocks";

const key = "0123456789abcdef".repeat(4);
let registered: Registered[];

before(async () => {
  registered = await mockPulumi();
  enterMockLab();
  onNodes.keepalived = "2.4.3";
  const stack = await haRancher(
    parseSettings({
      vip: "192.168.56.10/24",
      nodes: JSON.stringify([
        { name: "rancher-1", address: "192.168.56.11" },
        { name: "rancher-2", address: "192.168.56.12" },
      ]),
      keepalived: JSON.stringify({ authHmac: { key } }),
    }),
  );
  await resolved(stack.nodes);
});

/** Pulumi marks a secret in what it hands over by this key. */
const secretMark = "4dabf18193072939515e22adb298388d";

test("the key is in a file of each node, as a secret, beside keepalived's unit", () => {
  for (const node of ["rancher-1", "rancher-2"]) {
    const files = registered.find(({ name }) => name === `ha-rancher-floating-ip-${node}-keepalived-files`)
      ?.inputs.files;
    assert.ok(files?.[secretMark], "the files are no secret");
    assert.deepEqual(files.value[hmacKeyFile(hmacKeyId(key))], { content: `${key}\n`, mode: "0600" });
    assert.ok("/etc/systemd/system/keepalived.service.d/ha-rancher.conf" in files.value);
  }
});

test("keepalived.conf of each node names that file; the key is nowhere else", () => {
  const configuration = registered.find(({ type }) => type === "pulumi-nodejs:dynamic/vip:Configuration");
  const contents: Record<string, string> = configuration?.inputs.contents;
  assert.deepEqual(Object.keys(contents).sort(), ["rancher-1", "rancher-2"]);
  for (const text of Object.values(contents)) {
    assert.ok(text.includes(`file:${hmacKeyFile(hmacKeyId(key))}\n`));
    assert.match(text, /^ {8}mode enforce$/m);
  }
  for (const { name, inputs } of registered)
    if (!name.endsWith("-keepalived-files")) assert.ok(!JSON.stringify(inputs).includes(key), name);
});
