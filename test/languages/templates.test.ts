import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { parse } from "yaml";
import { languagePrograms } from "../../cli/test/languages";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";

/*
 * Each template as `pulumi new` makes a project of it, and a preview of that. (languages.test.ts previews the one in Python.)
 */

const templates = join(packageRoot, "templates");
const stacks: TestStack[] = [];
after(async () => {
  for (const stack of stacks) await stack.close();
});

interface Project {
  name: string;
  template: {
    description: string;
    config: Record<string, { description: string; default?: string; secret?: true }>;
  };
}
const projectIn = (folder: string): Project =>
  parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as Project;

/** Runs a template's program with its own defaults, and these settings for what has none. */
async function previewed(template: string, settings: Record<string, string> = {}): Promise<string> {
  const program = join(packageRoot, "dist", "templates", template, "index.js");
  const stack = await TestStack.make(template, undefined, program);
  stacks.push(stack);
  const { config } = projectIn(join(templates, template)).template;
  const given = Object.entries(config).flatMap(([key, { default: usual, secret }]) => {
    const value = settings[key] ?? usual ?? assert.fail(`${key} has no value`);
    return [secret ? "--secret" : "--plaintext", `${key}=${value}`];
  });
  mustEndWell(await stack.pulumi("config", "set-all", ...given));
  await Promise.all(wantedPlugins(stack.env).map(installStandIn));
  return mustEndWell(await stack.pulumi("preview", "--diff"));
}

for (const template of readdirSync(templates))
  test(`pulumi new ${template}: a project with its name, and nothing left to fill in`, async () => {
    const stack = await TestStack.make(`new-${template}`);
    stacks.push(stack);
    stack.env.PATH = `${languagePrograms()}:${stack.env.PATH}`;
    const made = join(stack.folder, "made");
    const name = ["--name", "my-own", "--description", "Mine"];
    mustEndWell(
      await stack.pulumi(
        "new",
        join(templates, template),
        "--generate-only",
        "--yes",
        ...name,
        "--dir",
        made,
      ),
    );
    assert.deepEqual(readdirSync(made).sort(), readdirSync(join(templates, template)).sort());
    for (const file of readdirSync(made))
      assert.doesNotMatch(readFileSync(join(made, file), "utf8"), /\$\{(PROJECT|DESCRIPTION)\}/, file);
    assert.equal(projectIn(made).name, "my-own");
  });

test("machines: two of them, and all of Rancher", async () => {
  const shown = await previewed("machines");
  assert.match(shown, /vagrant:Machine/);
  assert.match(shown, /url *: "https:\/\/192\.168\.56\.10"/);
});

test("hosts: nothing is made but what is on them", async () => {
  const { privateKey } = newKeyPair("host");
  const [vip, left, right, nfsServer] = [10, 11, 12, 13].map((last) => `10.1.0.${last}`);
  const shown = await previewed("hosts", {
    ...({ vip, left, right, nfsServer } as Record<string, string>),
    ...{ privateKey, nfsPath: "/export/rancher" },
  });
  assert.match(shown, /host:Host/);
  assert.doesNotMatch(shown, /vagrant:Machine|nfs:Export/);
});

test("address: floating IPs on hosts, and no service", async () => {
  const { privateKey } = newKeyPair("host");
  const addresses = { vip: "10.1.0.10", otherVip: "10.1.0.20", left: "10.1.0.11", right: "10.1.0.12" };
  const shown = await previewed("address", { ...addresses, privateKey });
  assert.match(shown, /vip:Configuration/);
  assert.doesNotMatch(shown, /docker|nfs:Export|password:Password/);
});

test("service: a container of one's own, and no Rancher", async () => {
  const shown = await previewed("service");
  assert.match(shown, /url *: "http:\/\/192\.168\.56\.10:5000"/);
  assert.doesNotMatch(shown, /password:Password/);
});
