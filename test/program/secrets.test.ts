import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { withoutSecrets } from "../../local/pulumi/values";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings } from "../../settings";
import type { HaRancher } from "../../workloads/rancher";
import { certificate, key } from "../unit/certificate-fixture";
import { haRancher, mockPulumi, type Registered, resolved } from "./mocks";

/* Every secret of a stack's file, each with a value of its own: whatever the program hands to Pulumi has it as a secret, or not at all. */

const folder = mkdtempSync(join(tmpdir(), "ha-rancher-secrets-"));
const hostKey = newKeyPair("host").publicKey.split(" ").slice(0, 2).join(" ");
const fenceKey = newKeyPair("fence").privateKey;
const loginKey = newKeyPair("login").privateKey;

/** A line of a key that no other key has. */
const middleOf = (text: string): string => text.split("\n")[3] ?? "";

/** What is looked for, by the setting that has it. */
const planted: Record<string, string> = {
  "nodes[].host.privateKey": middleOf(loginKey),
  "fencing.sshKey": middleOf(fenceKey),
  "fencing.options": "planted-option",
  "fencing.nodes": "planted-of-a-node",
  "registryLogin.password": "planted-login",
  "tls.key": key.split("\n")[2] ?? "",
  extraEnvironment: "planted-variable",
  "notify.webhooks": "planted-hook",
  "notify.mail.password": "planted-mail",
};

let registered: Registered[];
let stack: HaRancher;

before(async () => {
  process.env.XDG_DATA_HOME = folder;
  delete process.env.HA_RANCHER_LAB;
  registered = await mockPulumi();
  const host = { user: "admin", privateKey: loginKey, hostKey };
  stack = await haRancher(
    parseSettings({
      vip: "10.1.0.10/24",
      nfsAddress: "10.1.0.2",
      nodes: JSON.stringify([
        { name: "left", address: "10.1.0.11", host },
        { name: "right", address: "10.1.0.12", host },
      ]),
      fencing: JSON.stringify({
        agent: "fence_virsh",
        options: { ip: "10.1.0.2", username: "fence", password: "planted-option" },
        nodes: { left: { plug: "one", password: "planted-of-a-node" }, right: { plug: "two" } },
        ...{ sshKey: fenceKey, hostKey },
      }),
      image: "r.example/rancher:v2.12.4",
      registryLogin: JSON.stringify({ username: "me", password: "planted-login" }),
      tls: JSON.stringify({ certificate, key }),
      extraEnvironment: JSON.stringify({ TOKEN: "planted-variable" }),
      notify: JSON.stringify({
        webhooks: [{ url: "https://hooks.example.com/planted-hook" }],
        mail: {
          ...{ from: "a@example.com", to: ["b@example.com"], server: "mail.example.com" },
          ...{ user: "a", password: "planted-mail" },
        },
      }),
    }),
  );
  await resolved(stack.nodes);
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Keys are in several texts, with line ends of different kinds. */
const has = (text: string, name: string): boolean => text.includes(planted[name] ?? "?");

test("each is somewhere, so that this test can fail", () => {
  const all = JSON.stringify(registered.map(({ inputs }) => inputs));
  for (const name of Object.keys(planted)) assert.ok(has(all, name), name);
});

test("none is in a name, an id, or an input in clear", () => {
  for (const { name, type, id, inputs } of registered) {
    const shown = JSON.stringify([name, type, id, withoutSecrets(inputs)]);
    for (const secret of Object.keys(planted))
      assert.equal(has(shown, secret), false, `${secret} in ${type} ${name}`);
  }
});

test("none is in the outputs that everybody may see", async () => {
  const shown = JSON.stringify([await resolved(stack.nodes), await resolved(stack.currentMaster)]);
  for (const secret of Object.keys(planted)) assert.equal(has(shown, secret), false, secret);
});
