import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { projectName } from "../../local/project";
import { localStacks } from "../../local/pulumi/checkpoint";
import { removeDeadLocks } from "../../local/pulumi/locks";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { packageRoot } from "../../local/root";
import { namespace } from "../../settings";
import { knownStack } from "../../stack/known-stack";
import { labsOf, othersInLab, refuseOtherLab } from "../../stack/lab-stacks";
import { stackFile } from "../../stack/stack-file";
import { describeDeployment, readState } from "../../stack/state";
import { ownHome, put, putScript, temporaryFolder } from "./cli-support";

const machine = "pulumi-nodejs:dynamic/vagrant:Machine";
const secret = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: "v1:abc",
};
const deployment = {
  secrets_providers: { type: "passphrase", state: { salt: "v1:abc" } },
  resources: [
    {
      urn: "urn:stack",
      type: "pulumi:pulumi:Stack",
      outputs: { vip: "10.0.0.1", password: secret, nodes: [{ name: "a", key: secret }], none: null },
    },
    {
      urn: "urn:a",
      type: machine,
      inputs: { name: "a" },
      outputs: { address: "10.0.0.1", sshPort: 2222, directory: "/one/a" },
    },
  ],
  pending_operations: [
    {
      type: "creating",
      resource: {
        urn: "urn:b",
        type: machine,
        inputs: { name: "b", networks: [{ type: "private", address: "10.0.0.2/24" }], directory: "/one/b" },
      },
    },
    { type: "creating", resource: { urn: "urn:c", type: machine, inputs: {} } },
    { type: "updating", resource: { urn: "urn:a", type: machine } },
  ],
};

const neverAsked = async (): Promise<never> => assert.fail("the CLI was asked");

const machineLosses = [
  "the machine urn:a with its disks",
  "the machine urn:b (10.0.0.2) with its disks",
  "the machine urn:c with its disks",
];

test("a deployment is described, with its secrets covered", () => {
  assert.deepEqual(describeDeployment(deployment), {
    outputs: {
      vip: "10.0.0.1",
      password: "[secret]",
      nodes: [{ name: "a", key: "[secret]" }],
      none: null,
    },
    resources: 2,
    interrupted: true,
    pendingCreates: ["urn:b", "urn:c"],
    machines: [
      { name: "a", address: "10.0.0.1", sshPort: 2222, directory: "/one/a" },
      { name: "b", address: "10.0.0.2", sshPort: 22, directory: "/one/b" },
    ],
    nodes: ["a", "b"],
    claims: [{ kind: "address", value: "10.0.0.2" }],
    losses: { usual: machineLosses, withData: machineLosses },
    salt: "v1:abc",
  });
  assert.deepEqual(describeDeployment(undefined), {
    outputs: {},
    resources: 0,
    interrupted: false,
    pendingCreates: [],
    machines: [],
    nodes: [],
    claims: [],
    losses: { usual: [], withData: [] },
    salt: undefined,
  });
});

test("a local backend is read without the CLI, packed or not", async (t) => {
  const folder = temporaryFolder(t);
  const backend = { url: `file://${folder}`, local: true };
  assert.deepEqual(localStacks(backend), []);
  assert.equal(await readState(backend, "dev", neverAsked), undefined);
  const stacks = join(folder, ".pulumi", "stacks", "ha-rancher");
  const text = JSON.stringify({ version: 3, checkpoint: { latest: deployment } });
  put(join(stacks, "dev.json"), text);
  put(join(stacks, "dev.json.attrs"), "{}");
  put(join(stacks, "dev.json.bak"), "{}");
  put(join(stacks, "empty.json"), JSON.stringify({ version: 3, checkpoint: { stack: "empty" } }));
  writeFileSync(join(stacks, "packed.json.gz"), gzipSync(text));
  assert.equal((await readState(backend, "dev", neverAsked))?.resources, 2);
  assert.equal((await readState(backend, "packed", neverAsked))?.outputs.vip, "10.0.0.1");
  assert.equal((await readState(backend, "empty", neverAsked))?.resources, 0);
  assert.deepEqual(localStacks(backend).sort(), ["dev", "empty", "packed"]);
});

test("another backend is asked with one call of the CLI", async (t) => {
  const folder = temporaryFolder(t);
  const pulumi = putScript(join(folder, "pulumi"), [
    `echo "$*" >> ${folder}/calls`,
    `[ "$4" = dev ] || { echo "error: no stack named '$4' found" >&2; exit 255; }`,
    `echo '${JSON.stringify({ version: 3, deployment: { resources: deployment.resources } })}'`,
  ]);
  const backend = { url: "s3://bucket", local: false };
  const cli = async () => ({ pulumi, env: process.env, cwd: folder });
  assert.equal((await readState(backend, "dev", cli))?.resources, 2);
  assert.equal(await readState(backend, "other", cli), undefined);
  const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  assert.deepEqual(calls, [
    "stack export --stack dev --non-interactive",
    "stack export --stack other --non-interactive",
  ]);
});

test("locks of killed processes of this machine are removed, no others", (t) => {
  const folder = temporaryFolder(t);
  const locks = join(folder, ".pulumi", "locks", "organization", "ha-rancher", "dev");
  const lock = (name: string, content: object | string): string =>
    put(join(locks, `${name}.json`), typeof content === "string" ? content : JSON.stringify(content));
  const backend = { url: `file://${folder}`, local: true };
  assert.equal(removeDeadLocks(backend, "dev"), 0);
  const dead = lock("dead", { pid: 999_999_999, hostname: hostname() });
  put(`${dead}.attrs`, "{}");
  const kept = [
    lock("alive", { pid: process.pid, hostname: hostname() }),
    lock("elsewhere", { pid: 999_999_999, hostname: "another.example" }),
    lock("half", '{"pid": 9'),
  ];
  assert.equal(removeDeadLocks(backend, "dev"), 1);
  assert.ok(!existsSync(dead) && !existsSync(`${dead}.attrs`));
  for (const file of kept) assert.ok(existsSync(file), file);
  assert.equal(removeDeadLocks({ url: "s3://x", local: false }, "dev"), 0);
});

test("a stack's lab is known by its machines' folders", async (t) => {
  const home = ownHome(t);
  const labs = join(home, "cache", "ha-rancher", "labs");
  const state = (...directories: string[]) => ({
    ...describeDeployment(undefined),
    machines: directories.map((directory) => ({ name: "x", address: "10.0.0.1", sshPort: 22, directory })),
  });
  assert.deepEqual(labsOf(state(join(labs, "lab", "machines", "dev", "a"), join(labs, "lab", "b"))), ["lab"]);
  assert.deepEqual(labsOf(state(join(home, "data", "machines", "a"))), []);
  refuseOtherLab("dev", state(join(labs, "lab", "a")));
  assert.throws(
    () => refuseOtherLab("dev", state(join(labs, "second", "a"))),
    /machines in the lab `second`.*HA_RANCHER_LAB_NAME=second/,
  );

  const folder = join(home, "backend");
  const putStack = (stack: string, directory: string): string =>
    put(
      join(folder, ".pulumi", "stacks", "ha-rancher", `${stack}.json`),
      JSON.stringify({
        checkpoint: {
          latest: {
            resources: [{ urn: "u", type: machine, outputs: { name: "x", address: "10.0.0.1", directory } }],
          },
        },
      }),
    );
  putStack("dev", join(labs, "lab", "a"));
  putStack("other", join(labs, "lab", "b"));
  putStack("elsewhere", "/somewhere");
  const backend = { url: `file://${folder}`, local: true };
  assert.deepEqual(await othersInLab(backend, "dev"), ["other"]);
  assert.deepEqual(await othersInLab({ url: "s3://x", local: false }, "dev"), []);
});

test("what is to be looked at is known from the outputs, or from the machines of an `up` that failed", (t) => {
  const folder = temporaryFolder(t);
  put(join(folder, "Pulumi.yaml"), "name: ha-rancher\n");
  const settings = put(
    join(folder, "Pulumi.dev.yaml"),
    `config:\n  ha-rancher:vip: 10.0.0.9/24\n  ha-rancher:httpsPort: 8443\n  ha-rancher:nodes:
    - {name: a, address: 10.0.0.1}\n    - {name: b, address: 10.0.0.2}\n`,
  );
  const nothing = describeDeployment(undefined);
  assert.equal(knownStack(nothing, settings), undefined);
  const directory = join(folder, "a");
  put(join(directory, "machine.json"), JSON.stringify({ hostKey: "ssh-ed25519 AAAA" }));
  const machine = { name: "a", address: "10.0.0.1", sshPort: 22, directory };
  const failed = { ...nothing, machines: [machine, { ...machine, name: "b", directory: join(folder, "b") }] };
  const known = knownStack(failed, settings);
  assert.equal(known?.url, "https://10.0.0.9:8443");
  assert.deepEqual(
    known?.nodes.map(({ hostKey }) => hostKey),
    ["ssh-ed25519 AAAA", ""],
  );
  assert.equal(known?.nodes[0]?.keyFile, join(directory, "id_ed25519"));
  const outputs = { vip: "10.0.0.8", url: "https://10.0.0.8", nodes: [] };
  // A stack of a former version does not say what its service answers: it is Rancher.
  const answers = { path: "/ping", body: "pong" };
  assert.deepEqual(knownStack({ ...failed, outputs }, "/none"), { ...outputs, answers });
  const own = { ...outputs, url: "tcp://10.0.0.8:5432", answers: { path: "" } };
  assert.deepEqual(knownStack({ ...failed, outputs: own }, "/none"), own);
});

test("Pulumi's salt does not stay in a stack's file, unless it belongs there", async (t) => {
  const file = join(temporaryFolder(t), "Pulumi.dev.yaml");
  const plain = "# note\nconfig:\n  ha-rancher:vip: 1.2.3.4/24\n";
  const salted = `${plain}encryptionsalt: v1:abc=:v1:def\n`;
  const secure = `${plain}  ha-rancher:x:\n    secure: v1:zzz\nencryptionsalt: v1:abc=:v1:def\n`;
  const numbered = "config:\n\n  # why\n  ha-rancher:cpus: 2\n  ha-rancher:l: { a: [1, true] }\n";
  // How Pulumi writes the same.
  const rewritten =
    'config:\n  # why\n  ha-rancher:cpus: "2"\n  ha-rancher:l: {a: [1, true]}\nencryptionsalt: v1:a=:v1:d\n';
  for (const [before, during, after] of [
    [numbered, rewritten, numbered],
    [plain, salted, plain],
    [plain, salted.replace("1.2.3.4", "5.6.7.8"), plain.replace("1.2.3.4", "5.6.7.8")],
    [salted, salted, salted],
    [plain, secure, secure],
    [plain, plain, plain],
  ] as const) {
    put(file, before);
    await keepingStackFile(file, async () => void put(file, during));
    assert.equal(readFileSync(file, "utf8"), after);
    put(file, before);
    await assert.rejects(
      keepingStackFile(file, async () => {
        put(file, during);
        throw new Error("failed");
      }),
      /failed/,
    );
    assert.equal(readFileSync(file, "utf8"), after);
  }
  await keepingStackFile(join(file, "..", "none"), async () => {});
});

test("the project has one name", () => {
  assert.equal(projectName, namespace);
  assert.match(
    readFileSync(join(packageRoot, "Pulumi.yaml"), "utf8"),
    new RegExp(`^name: ${projectName}$`, "m"),
  );
});

test("a stack's name is checked before it becomes part of a path", () => {
  for (const name of ["../x", "", "a b", "a/b", "a\n", "x".repeat(101)]) {
    assert.throws(() => stackFile(name), /`--stack` must be a name of letters/, JSON.stringify(name));
  }
  assert.match(stackFile("dev-1.x_Y"), /\/Pulumi\.dev-1\.x_Y\.yaml$/);
});
