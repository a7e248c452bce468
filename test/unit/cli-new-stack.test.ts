import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { parse } from "yaml";
import { exampleNames, exampleText, exampleTitle } from "../../cli/actions/examples";
import { newStack } from "../../cli/actions/new-stack";
import { parseNode, stackFileText, suggest } from "../../cli/actions/new-stack-file";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";
import { SettingsError } from "../../settings";
import { checkSettingsFile, checkSettingsText } from "../../settings/file";

const stack = `new-${process.pid}`;
const file = join(packageRoot, `Pulumi.${stack}.yaml`);
let home: string;
before(() => {
  home = mkdtempSync(join(tmpdir(), "ha-rancher-new-"));
  process.env.XDG_DATA_HOME = home;
});
afterEach(() => rmSync(file, { force: true }));
after(() => rmSync(home, { recursive: true, force: true }));

test("machines: addresses that no other stack here has", async () => {
  await newStack({ stack });
  const { vip, nodes } = checkSettingsFile(file);
  const dev = checkSettingsFile(join(packageRoot, "Pulumi.dev.yaml"));
  assert.notEqual(vip.address, dev.vip.address);
  assert.equal(new Set([vip, ...nodes, dev.vip, ...dev.nodes].map(({ address }) => address)).size, 6);
  assert.deepEqual(
    nodes.map(({ name }) => name),
    [`${stack}-1`, `${stack}-2`],
  );
  assert.match(
    readFileSync(file, "utf8"),
    /^# yaml-language-server: \$schema=\.\/settings\/stack\.schema\.json\n/,
  );
});

for (const example of exampleNames())
  test(`${example}: the example's file, with other addresses, is a stack that is right`, async () => {
    await newStack({ stack, workload: example });
    const theirs = checkSettingsText(exampleText(example), `Pulumi.${example}.yaml`);
    const text = readFileSync(file, "utf8");
    const settings = checkSettingsFile(file);
    const { vip, nodes } = settings;
    assert.notEqual(vip.address, theirs.vip.address);
    assert.deepEqual(
      nodes.map(({ name }) => name),
      [`${stack}-1`, `${stack}-2`],
    );
    // These follow from the addresses.
    const { subnet, virtualRouterId } = settings;
    assert.deepEqual(settings, { ...theirs, vip, nodes, subnet, virtualRouterId });
    // What the example says of itself stands there no more, and its comments do.
    assert.match(text, new RegExp(`^# What it runs is that of examples/${example}/README.md\\.$`, "m"));
    assert.doesNotMatch(text, /README\.md beside it|\.\.\/settings/);
    assert.match(text, /^ +# \w/m);
    assert.ok(existsSync(join(packageRoot, "examples", example, "README.md")));
    assert.match(exampleTitle(example), /^[A-Z][^.]+$/);
  });

test("a workload that is none is refused, and the nearest named", async () => {
  await assert.rejects(
    newStack({ stack, workload: "postgress" }),
    /`--workload` must be one of rancher, .*did you mean `postgres`\?/,
  );
  assert.equal(existsSync(file), false);
});

test("hosts: all that is asked for is in the file", async () => {
  const keyFile = join(home, "key");
  writeFileSync(keyFile, newKeyPair("test").privateKey, { mode: 0o600 });
  await newStack({
    stack,
    kind: "hosts",
    vip: "10.7.0.10/24",
    node: ["left=10.7.0.11", "right=10.7.0.12", "third=10.7.0.13"],
    user: "admin",
    keyFile,
  });
  const { nodes } = checkSettingsFile(file);
  assert.deepEqual(
    nodes.map(({ name, host }) => [name, host?.user, host?.keyFile]),
    [
      ["left", "admin", keyFile],
      ["right", "admin", keyFile],
      ["third", "admin", keyFile],
    ],
  );
});

test("a floating IP alone: with what must answer on a node", async () => {
  await newStack({ stack, workload: "address", port: 8080 });
  const { workload, address } = checkSettingsFile(file);
  assert.equal(workload, "address");
  assert.deepEqual(
    address.vips.map(({ name, checks }) => [name, checks.map(({ tcp }) => tcp)]),
    [["main", [8080]]],
  );
  rmSync(file);
  await assert.rejects(newStack({ stack, port: 8080 }), /`--port` is for a floating IP alone/);
  assert.equal(existsSync(file), false);
});

test("what is missing without a terminal is said with the whole command", async () => {
  await assert.rejects(newStack({}), /the stack's name is missing.*npm run new-stack -- NAME/s);
  await assert.rejects(newStack({ stack, kind: "hosts", vip: "10.7.0.10/24" }), /is missing/);
  await assert.rejects(newStack({ stack, vip: "10.7.0.10/24" }), /`--node` is missing/);
  await assert.rejects(newStack({ stack, user: "admin" }), /for hosts/);
  await assert.rejects(newStack({ stack, vip: "10.7.0.10/24", node: ["left"] }), /NAME=ADDRESS/);
  assert.equal(existsSync(file), false);
});

test("wrong answers are refused, all at once, and nothing is written", async () => {
  await assert.rejects(
    newStack({ stack, vip: "10.7.0.10/24", node: ["left=10.7.0.10", "left=10.8.0.1"], box: "a b" }),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.match(
        error.message,
        /left twice[\s\S]*`nodes\[0\]\.address`[\s\S]*`nodes\[1\]\.address`[\s\S]*`box`/,
      );
      return true;
    },
  );
  assert.equal(existsSync(file), false);
});

test("an address that another stack's file has is refused, whether that stack is up or not", async () => {
  await assert.rejects(
    newStack({ stack, vip: "192.168.56.11/24", node: ["left=192.168.56.12", "right=192.168.56.99"] }),
    (error) => {
      assert.ok(error instanceof SettingsError);
      assert.deepEqual(
        error.mistakes.map(({ path }) => path),
        ["vip", "nodes[0].address"],
      );
      assert.match(error.message, /`vip` \(192\.168\.56\.11\) is an address of the stack `dev`, too/);
      return true;
    },
  );
  assert.equal(existsSync(file), false);
});

test("a stack that is there is not written over", async () => {
  await assert.rejects(newStack({ stack: "dev" }), /Pulumi\.dev\.yaml is there already/);
});

test("suggestions go on where there is room, and end where there is none", () => {
  const taken = new Set(["192.168.56.10", "192.168.56.22"]);
  assert.equal(suggest("x", 2, taken)?.vip, "192.168.56.30/24");
  assert.deepEqual(suggest("My_Stack.2", 3, new Set())?.nodes[2], {
    name: "my-stack-2-3",
    address: "192.168.56.13",
  });
  const all = new Set(Array.from({ length: 255 }, (_, i) => `192.168.56.${i}`));
  assert.equal(suggest("x", 2, all), undefined);
});

test("the file says what was answered, and no more", () => {
  const answers = {
    workload: "rancher",
    kind: "machines" as const,
    vip: "192.168.56.10/24",
    nodes: [parseNode("a=192.168.56.11"), parseNode("b=192.168.56.12")],
  };
  const text = stackFileText("x", answers);
  assert.deepEqual(parse(text), {
    config: { "ha-rancher:vip": answers.vip, "ha-rancher:nodes": answers.nodes },
  });
  assert.equal(checkSettingsText(text, file).hypervisor, "auto");
});
