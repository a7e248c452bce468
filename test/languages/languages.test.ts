import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { languagePrograms } from "../../cli/test/languages";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";
import { newKeyPair } from "../../providers/vagrant/keys";

/*
 * The component HaRancher in programs of other languages, run by the real Pulumi with the package's plugin. Their folders have
 * nothing of Node's.
 */

const programs = join(packageRoot, "test", "languages", "programs");
const stacks: TestStack[] = [];
let world: string;
/** SDKs that Pulumi's generators made of the plugin's schema, by language. */
let sdks: string;

/** A stack whose program is in another language. */
async function stackOf(language: "go" | "python" | "yaml", name: string = language): Promise<TestStack> {
  const stack = await TestStack.make(name);
  stacks.push(stack);
  for (const name of ["node_modules", "index.js", "package.json", "machines.json"])
    rmSync(join(stack.folder, name), { recursive: true });
  cpSync(join(programs, language), stack.folder, { recursive: true });
  await Promise.all(wantedPlugins(stack.env).map(installStandIn));
  // For the stand-ins of two plugins, whose code is this package's; resources of our own must do without.
  const modules = join(stack.folder, "stand-ins");
  mkdirSync(modules);
  symlinkSync(packageRoot, join(modules, "ha-rancher"));
  stack.env.NODE_PATH = modules;
  stack.env.PATH = `${languagePrograms()}:${stack.env.PATH}`;
  // Go's own, not those of the test's folder.
  for (const name of ["XDG_CACHE_HOME", "XDG_DATA_HOME"]) delete stack.env[name];
  writeFileSync(join(stack.folder, "Pulumi.yaml"), project(language, stack));
  return stack;
}

const project = (language: string, stack: TestStack): string =>
  [
    `name: engine\nruntime: ${language}`,
    `plugins:\n  providers:\n    - name: ha-rancher\n      path: ${join(packageRoot, "plugin")}`,
    language === "yaml" ? readFileSync(join(stack.folder, "resources.yaml"), "utf8") : "",
  ].join("\n");

before(async () => {
  const stack = await TestStack.make("sdks");
  stacks.push(stack);
  world = stack.folder;
  sdks = join(world, "sdks");
  await run(join(languagePrograms(), "generate"), [join(packageRoot, "plugin", "schema.json"), sdks]);
});

after(async () => {
  for (const stack of stacks) await stack.close();
});

/** Types of what a preview would make. */
async function previewed(stack: TestStack): Promise<string[]> {
  const text = mustEndWell(await stack.pulumi("preview", "--json"));
  const { steps } = JSON.parse(text.slice(text.indexOf("{\n"))) as {
    steps: { op: string; newState: { type: string } }[];
  };
  assert.ok(steps.every(({ op }) => op === "create"));
  return steps.map(({ newState }) => newState.type).sort();
}

let all: string[];
let pythonSdk: string;

test("YAML: a preview has all of it, with resources of the plugin and no dynamic ones", async () => {
  all = await previewed(await stackOf("yaml"));
  assert.ok(all.length > 40, `${all.length}`);
  for (const type of [
    "index:HaRancher",
    "vagrant:Machine",
    "nfs:Export",
    "remote:Files",
    "password:Password",
  ])
    assert.ok(all.includes(`ha-rancher:${type}`), type);
  assert.ok(!all.some((type) => type.startsWith("pulumi-nodejs:")));
});

test("Python: the same, by an SDK made of the schema", async () => {
  const stack = await stackOf("python");
  pythonSdk = join(sdks, "installed");
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-build-isolation",
  ];
  await run(join(languagePrograms(), "python"), [...pip, "--target", pythonSdk, join(sdks, "python")], {
    env: process.env,
  });
  stack.env.PYTHONPATH = pythonSdk;
  assert.deepEqual(await previewed(stack), all);
});

test("the template in Python: a preview of all of it", async () => {
  const stack = await stackOf("python", "template");
  cpSync(join(packageRoot, "templates", "python", "__main__.py"), join(stack.folder, "__main__.py"));
  stack.env.PYTHONPATH = pythonSdk;
  const { config } = (
    parse(readFileSync(join(packageRoot, "templates", "python", "Pulumi.yaml"), "utf8")) as {
      template: { config: Record<string, { default: string }> };
    }
  ).template;
  const settings = Object.entries(config).flatMap(([key, value]) => [
    "--plaintext",
    `${key}=${value.default}`,
  ]);
  mustEndWell(await stack.pulumi("config", "set-all", ...settings));
  assert.deepEqual(await previewed(stack), all);
});

test("Go: the same, by an SDK made of the schema", async () => {
  const stack = await stackOf("go");
  cpSync(join(sdks, "go", "harancher"), join(stack.folder, "harancher"), { recursive: true });
  assert.deepEqual(await previewed(stack), all);
});

test("YAML: hosts with a secret key, which makes all nodes secret there; it is nowhere in clear", async () => {
  const [, stack = assert.fail()] = stacks;
  const file = join(stack.folder, "Pulumi.yaml");
  const text = readFileSync(file, "utf8");
  const { privateKey } = newKeyPair("host");
  const host = `{ user: me, privateKey: { "fn::secret": ${JSON.stringify(privateKey)} } }`;
  const hosts = text
    .replace(/(address: 192\.168\.56\.1[12]) }/g, `$1, host: ${host} }`)
    .replace(/machines: .*/, "hosts: { directory: /srv/own/hosts }");
  writeFileSync(file, hosts);
  const types = await previewed(stack);
  assert.equal(types.filter((type) => type === "ha-rancher:host:Host").length, 2);
  const { text: shown } = await stack.pulumi("preview", "--json");
  assert.ok(!shown.includes(privateKey.split("\n")[1] ?? assert.fail()));
  writeFileSync(file, text);
});

test("YAML: whom the nodes tell is on both, and nowhere in clear", async () => {
  const [, stack = assert.fail()] = stacks;
  const file = join(stack.folder, "Pulumi.yaml");
  const text = readFileSync(file, "utf8");
  const url = "https://hooks.example/with-a-secret-word";
  const notify = `notify: { webhooks: [{ url: { "fn::secret": "${url}" } }], mail: { from: a@example.org, to: [b@example.org] } }`;
  writeFileSync(file, text.replace(/^( *)(vip: .*)$/m, `$1$2\n$1${notify}`));
  const types = await previewed(stack);
  assert.equal(types.length, all.length + 2);
  const { text: shown } = await stack.pulumi("preview", "--json");
  assert.match(shown, /notify-files/);
  assert.ok(!shown.includes("with-a-secret-word"));
  writeFileSync(file, text);
});

test("the plugin makes, reads and deletes: what was made is in the state, its secret not in clear", async () => {
  const [, stack = assert.fail()] = stacks;
  const whole = "urn:pulumi:yaml::engine::ha-rancher:index:HaRancher";
  const targets = [
    `${whole}::rancher`,
    `${whole}$ha-rancher:components:HaRancher::rancher`,
    `${whole}$ha-rancher:components:HaRancher$ha-rancher:password:Password::rancher-bootstrap-password`,
  ];
  // Without machines the rest of the component fails afterwards.
  const { text } = await stack.up(...targets.flatMap((urn) => ["--target", urn]));
  assert.match(text, /rancher-bootstrap-password created/);
  const state = stack.stateText();
  assert.match(state, /ha-rancher:password:Password/);
  const shown = mustEndWell(await stack.pulumi("stack", "export", "--show-secrets"));
  const [, password = ""] = /"plaintext": *"\\"([A-Za-z2-9]{24})\\""/.exec(shown) ?? [];
  assert.match(password, /^[A-Za-z2-9]{24}$/);
  assert.ok(!state.includes(password));
  await stack.mustRefresh();
  assert.match(stack.stateText(), /ha-rancher:password:Password/);
  await stack.mustDestroy();
  assert.doesNotMatch(stack.stateText(), /ha-rancher:password:Password/);
});

test("mistakes in the arguments are told all at once, and nothing is made", async () => {
  const [, stack = assert.fail()] = stacks;
  const file = join(stack.folder, "Pulumi.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text
      .replace("kind: host", "kind: cloud")
      .replace("prefix: 24 }\n      vip", 'prefix: 24 }\n      nfsVersion: "2"\n      vip')
      .replace(
        /^( *)(vip: .*)$/m,
        '$1$2\n$1notify: { webhooks: [{ url: "https://x", format: xml }], command: [mail] }',
      ),
  );
  const { code, text: said } = await stack.pulumi("preview");
  assert.notEqual(code, 0);
  assert.match(said, /`storage\.kind` must be one of host, machine, server/);
  assert.match(said, /`nfsVersion` must be one of 4\.2, 3/);
  assert.match(said, /`notify\.webhooks\[0\]\.format` must be one of json, slack, alertmanager/);
  assert.match(said, /`notify\.command` must begin with/);
  writeFileSync(file, text);
});
