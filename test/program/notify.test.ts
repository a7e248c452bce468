import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { packageRoot } from "../../local/root";
import { parseSettings } from "../../settings";
import { enterMockLab, haRancher, mockPulumi, type Registered, resolved } from "./mocks";

const notify = {
  webhooks: [
    { url: "https://hooks.example.com/services/my-secret", format: "slack" },
    { url: "http://alertmanager.example.com:9093/api/v2/alerts", format: "alertmanager" },
  ],
  mail: {
    ...{ from: "nodes@example.com", to: ["ops@example.com"], server: "mail.example.com" },
    ...{ user: "nodes", password: "my-other-secret" },
  },
  command: ["/usr/local/bin/told", "now"],
};
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
      notify: JSON.stringify(notify),
      backup: JSON.stringify({ schedule: "daily" }),
    }),
  );
  await resolved(stack.nodes);
});

/** Pulumi marks a secret in what it hands over by this key. */
const secretMark = "4dabf18193072939515e22adb298388d";

const filesOf = (node: string, name: string) =>
  registered.find((each) => each.name === `ha-rancher-software-${node}-${name}`)?.inputs.files;

/** What the observer itself makes of its files. */
function readByObserver(code: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-observer-"));
  try {
    const path = join(folder, "told.json");
    writeFileSync(path, content);
    const env = { ...process.env, PYTHONPATH: join(packageRoot, "node") };
    return execFileSync("python3", ["-c", code, path], { env, encoding: "utf8" }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("each node has whom to tell in a file for root alone, which is a secret, and its observer takes it", () => {
  for (const node of ["rancher-1", "rancher-2"]) {
    const files = filesOf(node, "notify-files");
    assert.ok(files?.[secretMark], "the file is no secret");
    const { content, mode } = files.value["/etc/ha-rancher/notify.json"];
    assert.equal(mode, "0600");
    const code =
      "import sys; from agent.observer.channels import *; print([shown(one) for one in channels(sys.argv[1])])";
    assert.equal(
      readByObserver(code, content),
      "['webhook (slack)', 'webhook (alertmanager)', 'mail by mail.example.com to ops@example.com', 'command /usr/local/bin/told']",
    );
  }
  for (const { name, inputs } of registered)
    if (!name.endsWith("-notify-files"))
      assert.ok(!/my-(other-)?secret/.test(JSON.stringify(inputs)), `${name} has it in clear`);
});

test("each node's observer knows its stack, when a backup is old, and where the certificate is", () => {
  const { content } = filesOf("rancher-1", "agent-files")["/etc/ha-rancher/observer.json"];
  const code = "import sys; from agent.observer.setup import *; print(tuple(settings(sys.argv[1])))";
  const told = readByObserver(code, content);
  assert.match(
    told,
    /^\('[\w-]+', '\/var\/lib\/prometheus\/\S+', '\/var\/backups\/ha-rancher', 176400, '192\.168\.56\.10:\d+'\)$/,
  );
  assert.ok(filesOf("rancher-1", "agent-files")["/etc/systemd/system/ha-rancher-observer.service"]);
});
