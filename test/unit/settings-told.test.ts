import assert from "node:assert/strict";
import { test } from "node:test";
import { type Settings, SettingsError } from "../../settings";
import { checkSettingsText, type Further } from "../../settings/file";
import { importsEnvironments, type Told, toOpen } from "../../settings/told";

const file = "Pulumi.test.yaml";
const nodes = [
  { name: "a", address: "192.168.56.11" },
  { name: "b", address: "192.168.56.12" },
];
const vip = "192.168.56.10/24";

/** As `pulumi config --json` has it. */
const told = (values: Record<string, unknown>): Told =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `ha-rancher:${name}`,
      value === undefined
        ? { secret: true }
        : { value: typeof value === "string" ? value : JSON.stringify(value), secret: false },
    ]),
  );

const read = (text: string, further: Further): Settings => checkSettingsText(text, file, further);

function mistakes(text: string, further: Further): string {
  try {
    read(text, further);
    return "";
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error.message;
  }
}

test("settings from an environment and from the file are one", () => {
  const text = `environment: [shared]\nconfig:\n  ha-rancher:vip: ${vip}\n`;
  const settings = read(text, { told: told({ vip, nodes, preset: "steady" }) });
  assert.equal(settings.nodes[1]?.address, "192.168.56.12");
  assert.equal(settings.advertInterval, 1);
  assert.match(mistakes(text, {}), /`nodes`/, "the file alone lacks them");
});

test("all mistakes are told at once, with lines where there are any", () => {
  const text = `environment: [shared]\nconfig:\n  ha-rancher:vip: 192.168.56.999/24\n  ha-rancher:cpus: many\n`;
  const found = mistakes(text, { told: told({ nodes: [nodes[0]], memory: "much" }) });
  assert.match(found, /`vip` \(line 3\)/);
  assert.match(found, /`cpus` \(line 4\)/);
  assert.match(found, /- `memory` must/);
  assert.match(found, /- `nodes` must/);
});

test("what Pulumi reads otherwise than the file shows it is refused", () => {
  const text = `environment: [shared]\nconfig:\n  ha-rancher:vip: ${vip}\n`;
  assert.match(
    mistakes(text, { told: told({ vip: "192.168.56.9/24", nodes }) }),
    /`vip` \(line 3\) is another value for Pulumi than it looks like: write it in quotes/,
  );
  const other = told({ vip, nodes: nodes.map(({ name, address }) => ({ address, name })) });
  assert.equal(
    mistakes(
      `config: { "ha-rancher:vip": "${vip}", "ha-rancher:nodes": ${JSON.stringify(nodes)
        .replaceAll(":", ": ")
        .replace(/"(\w+)": /g, "$1: ")} }\n`,
      { told: other },
    ),
    "",
    "the order of names is nothing",
  );
});

test("what holds a secret somewhere is asked for by name, and does not stand in clear", () => {
  const hidden: Told = { ...told({ vip }), "ha-rancher:nodes": { secret: true } };
  assert.deepEqual(toOpen(hidden), ["ha-rancher:nodes"]);
  const login = { secret: true, value: '{"username":"me","password":"hunter22hunter22"}' };
  const opened: Told = { ...told({ vip, nodes }), "ha-rancher:registryLogin": login };
  assert.equal(mistakes("environment: [e]\n", { stack: "prod", told: opened }), "");
  const inClear: Told = { ...opened, "ha-rancher:registryLogin": { ...login, secret: false } };
  assert.match(mistakes("environment: [e]\n", { stack: "prod", told: inClear }), /stands in clear/);
});

test("`--config` wins over the file, and is judged with it", () => {
  const text = `config:\n  ha-rancher:vip: ${vip}\n  ha-rancher:nodes: ${JSON.stringify(nodes).replace(/"(\w+)":/g, "$1: ")}\n`;
  assert.equal(read(text, { given: { preset: "steady" } }).advertInterval, 1);
  assert.match(mistakes(text, { given: { vip: "nowhere" } }), /- `vip` must/, "it has no line");
});

test("a secret in `--config` is refused, in dev too, and is not repeated", () => {
  const text = `config:\n  ha-rancher:vip: ${vip}\n  ha-rancher:nodes: ${JSON.stringify(nodes).replace(/"(\w+)":/g, "$1: ")}\n`;
  const login = '{"username":"me","password":"hunter22hunter22"}';
  const found = mistakes(text, { stack: "dev", given: { registryLogin: login } });
  assert.match(found, /`registryLogin\.password` is a secret, and every user of this machine sees/);
  assert.doesNotMatch(found, /hunter22/);
});

test("imports are seen whatever their form", () => {
  for (const text of ["environment:\n  - a\n", "config: {}\nenvironment: [a]\n", '"environment": {}\n'])
    assert.equal(importsEnvironments(text), true, text);
  for (const text of ["config:\n  ha-rancher:environment: prod\n", "# environment: a\n"])
    assert.equal(importsEnvironments(text), false, text);
});
