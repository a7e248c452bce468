import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { type Environment, environmentOf, environments } from "../../domain/environment";
import { packageRoot } from "../../local/root";
import { surroundingsOf } from "../../policy/environment";
import { policyOf } from "../../policy/pack";
import { type Context, defaultConfig, type Rule, types } from "../../policy/rule";
import { rules } from "../../policy/rules";
import { rulesText } from "../../policy/table";
import { weakness } from "../../workloads/rancher/policies";
import { cases, type Declaration } from "../engine/policy-cases";

/** Wraps properties as Pulumi does: reading what is not known throws. */
const { unknownCheckingProxy, unknownStringValue } = require("@pulumi/policy/proxy") as {
  unknownCheckingProxy: <T>(props: T) => T;
  unknownStringValue: string;
};

const rule = (name: string): Rule => {
  const found = rules.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
};

type Given = Pick<Context, "environment"> & Partial<Context>;

/** What a policy reports about resources, as @pulumi/policy would call it. */
function violations(
  name: string,
  resources: Declaration[],
  given: Given = { environment: "prod" },
): string[] {
  const policy = policyOf(rule(name), { environment: given.environment });
  const found: string[] = [];
  const report = (message: string): void => void found.push(message);
  const args = resources.map(({ isProtected = false, props, ...rest }) => ({
    ...rest,
    props: unknownCheckingProxy(props),
    opts: { protect: isProtected },
    getConfig: () => given.config ?? {},
  }));
  if ("validateStack" in policy) {
    const all = { resources: args, getConfig: () => given.config ?? {} };
    void policy.validateStack(all as unknown as StackValidationArgs, report);
  } else if ("validateResource" in policy && typeof policy.validateResource === "function") {
    for (const each of args) void policy.validateResource(each as unknown as ResourceValidationArgs, report);
  }
  return found;
}

test("every rule has a name of its own, a reason, a remedy, levels, and cases", () => {
  const names = rules.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(Object.keys(cases).sort(), [...names].sort());
  for (const { name, reason, remedy, beyond, levels, remediate } of rules) {
    assert.match(beyond, /^[A-Z`].*\.$/, name);
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)+$/);
    assert.match(reason, /^[A-Z].*\.$/, name);
    assert.match(remedy, /^[A-Z].*\.$/, name);
    if (Object.values(levels).includes("remediate")) assert.ok(remediate, `${name} cannot correct anything`);
  }
});

for (const [name, { good, bad, says }] of Object.entries(cases))
  test(`${name}: what keeps it passes, what breaks it is told with the way out`, () => {
    assert.deepEqual(violations(name, good), []);
    const found = violations(name, bad);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", says);
    assert.ok(found[0]?.endsWith(`. ${rule(name).remedy}`));
  });

test("what is not known yet is not judged, and hides nothing else", () => {
  for (const { name, stack } of rules) {
    if (stack) continue;
    for (const type of Object.values(types)) {
      // Whatever a rule reads is unknown.
      const props = new Proxy({}, { get: () => unknownStringValue, has: () => true });
      assert.deepEqual(
        violations(name, [{ type, name: "x", props, isProtected: true }]),
        [],
        `${name}, ${type}`,
      );
    }
  }
  const envs = [unknownStringValue, "CATTLE_BOOTSTRAP_PASSWORD=admin"];
  const container = { type: types.container, name: "x", props: { name: "rancher", envs } };
  assert.equal(violations("bootstrap-password", [container]).length, 1);
});

test("environments: levels, and what only some of them ask for", () => {
  const level = (name: string): string[] => environments.map((environment) => rule(name).levels[environment]);
  assert.deepEqual(level("box-pinned"), ["disabled", "advisory", "mandatory", "mandatory"]);
  assert.deepEqual(level("protected-data"), ["disabled", "disabled", "disabled", "mandatory"]);
  assert.deepEqual(level("no-nfs-3"), ["mandatory", "advisory", "mandatory", "mandatory"]);
  // Of prod none is an advisory or switched off.
  for (const { name, levels } of rules) assert.match(levels.prod, /mandatory|remediate/, name);

  const machine = (props: object): Declaration[] => [{ type: types.machine, name: "m", props }];
  const memory = [...machine({ memory: 1024 }), { type: types.whole, name: "rancher", props: {} }];
  assert.deepEqual(violations("memory-floor", memory, { environment: "dev" }), []);
  assert.equal(violations("memory-floor", memory, { environment: "blog" }).length, 1);
  assert.deepEqual(
    violations("memory-floor", machine({ memory: 16 }), { environment: "blog" }),
    [],
    "no Rancher",
  );
  const key = machine({ sshInsertKey: false, networks: [{ type: "private" }] });
  assert.deepEqual(violations("no-insecure-key", key, { environment: "dev" }), []);
  assert.equal(violations("no-insecure-key", key, { environment: "blog" }).length, 1);
  const vagrant = machine({ hypervisor: "virtualbox" });
  const refused = (environment: Environment): number =>
    violations("provider-of-environment", vagrant, { environment }).length;
  assert.deepEqual(environments.map(refused), [0, 0, 1, 1]);
});

test("configuration wins over defaults", () => {
  const image = [{ type: types.image, name: "i", props: { name: "rancher/rancher:v2.12.3" } }];
  assert.deepEqual(violations("image-pinned", image), []);
  const strict = { environment: "prod", config: { digest: true } } as const;
  assert.equal(violations("image-pinned", image, strict).length, 1);
  const id = [{ type: types.whole, name: "w", props: { virtualRouterId: 51 } }];
  assert.deepEqual(violations("router-id-unique", id), []);
  assert.equal(violations("router-id-unique", id, { environment: "dev", config: { taken: [51] } }).length, 1);
  const outside = cases["vip-in-subnet"]?.bad ?? [];
  assert.deepEqual(
    violations("vip-in-subnet", outside, { environment: "prod", config: { routed: true } }),
    [],
  );
  assert.deepEqual(defaultConfig(rule("memory-floor"), "hosts"), { least: 4096 });
});

test("images: what is pinned and what moves", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const judge = (name: string): number =>
    violations("image-pinned", [{ type: types.image, name: "i", props: { name } }]).length;
  for (const good of ["a:1", `a@${digest}`, `a:latest@${digest}`, "r:5000/a/b:v1", "a/b:2.12.3-rc1"])
    assert.equal(judge(good), 0, good);
  for (const bad of ["a", "a:latest", "r:5000/a", "a/b:stable", "a@sha256:12"])
    assert.equal(judge(bad), 1, bad);
});

test("passwords: what everybody tries, what is short; and the password itself is never repeated", () => {
  for (const bad of ["admin", "Admin123!", "password1234", "rancher12345", "changeme!!!!!!!"])
    assert.equal(weakness(bad, 4), "is one that everybody tries first", bad);
  assert.equal(weakness("hunter22", 12), "is shorter than 12 characters");
  assert.equal(weakness("aaaaaaaaaaaaab", 12), "has fewer than 5 different characters");
  assert.equal(weakness("Q7bCwErHyP4q", 12), undefined);
  const [said = ""] = violations("bootstrap-password", cases["bootstrap-password"]?.bad ?? []);
  assert.doesNotMatch(said, /hunter22/);
});

test("host keys: Docker over SSH", () => {
  const docker = (host: string, sshOpts: unknown): number =>
    violations("host-key-pinned", [{ type: types.docker, name: "d", props: { host, sshOpts } }]).length;
  const pinned = ["-o", "UserKnownHostsFile=/x", "-o", "StrictHostKeyChecking=yes"];
  assert.equal(docker("ssh://a@b", pinned), 0);
  assert.equal(docker("ssh://a@b", JSON.stringify(pinned)), 0);
  assert.equal(docker("unix:///run/docker.sock", undefined), 0);
  assert.equal(docker("ssh://a@b", []), 1);
  assert.equal(docker("ssh://a@b", ["-o", "UserKnownHostsFile=/x"]), 1);
  for (const no of ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no"]) {
    const [name = ""] = no.split("=");
    const words = pinned.map((word) => (word.startsWith(name) ? no : word));
    assert.equal(docker("ssh://a@b", words), 1, no);
  }
});

test("exports: everybody, networks and strangers", () => {
  const share = (clients: string[]): Declaration => ({
    type: types.nfsExport,
    name: "e",
    props: { name: "e", clients },
  });
  const judge = (...resources: Declaration[]): number => violations("nfs-nodes-only", resources).length;
  for (const open of ["*", "0.0.0.0", "10.0.0.0/8", "@group", "192.168.56.*"])
    assert.equal(judge(share([open])), 1, open);
  const machine = { type: types.machine, name: "m", props: { networks: [{ address: "10.0.0.1/24" }] } };
  assert.equal(judge(machine, share(["10.0.0.1"])), 0);
  assert.equal(judge(machine, share(["10.0.0.1", "10.0.0.2"])), 1);
  // Who the nodes are is not known: only what is no address is refused.
  assert.equal(judge(share(["10.0.0.2"])), 0);
});

test("NFS versions of folders that Vagrant shares", () => {
  const judge = (folder: object): number =>
    violations("no-nfs-3", [
      { type: types.machine, name: "m", props: { syncedFolders: [{ guest: "/x", ...folder }] } },
    ]).length;
  assert.equal(judge({ type: "rsync" }), 0);
  assert.equal(judge({ type: "nfs", nfs: { version: "4.2" } }), 0);
  assert.equal(judge({ type: "nfs", mountOptions: ["vers=4.1"] }), 0);
  assert.equal(judge({ type: "nfs" }), 1, "Vagrant's default");
  assert.equal(judge({ type: "nfs", nfs: { version: 3 }, mountOptions: ["noac"] }), 1);
});

test("corrections give the right value, in place, and only where something is wrong", () => {
  const correct = (name: string, props: Record<string, unknown>): unknown => {
    const policy = policyOf(rule(name), { environment: "prod" });
    assert.ok("remediateResource" in policy && policy.remediateResource, name);
    const type = rule(name).remediate?.type;
    const args = { type, props, opts: { protect: false }, getConfig: () => ({}) };
    return policy.remediateResource(args as unknown as ResourceValidationArgs);
  };
  assert.deepEqual(correct("no-insecure-key", { sshInsertKey: false }), { sshInsertKey: true });
  assert.equal(correct("no-insecure-key", { sshInsertKey: true }), undefined);
  const [started] = cases["docker-starts-nothing"]?.bad ?? [];
  assert.deepEqual(correct("docker-starts-nothing", { ...started?.props }), {
    ...started?.props,
    ...{ start: false, mustRun: false, restart: "no" },
  });
  assert.equal(
    correct("docker-starts-nothing", { name: "rancher", start: false, mustRun: false }),
    undefined,
  );
  assert.deepEqual(correct("privileged-only-rancher", { name: "x", privileged: true }), {
    name: "x",
    privileged: false,
  });
});

test("a stack's environment is what it says, else what it is named after, else dev", () => {
  assert.equal(environmentOf("prod", undefined), "prod");
  assert.equal(environmentOf("prod", "dev"), "dev");
  assert.equal(environmentOf("mine", "hosts"), "hosts");
  assert.equal(environmentOf("mine", undefined), "dev");
  assert.equal(environmentOf("mine", "nonsense"), "dev");
  assert.equal(environmentOf("mine", undefined, [{ host: {} }, { host: {} }]), "hosts");
  assert.equal(environmentOf("mine", undefined, [{ host: {} }, {}]), "dev");
});

test("the pack's environment is that of the stack, and the strictest where nobody says which", () => {
  const of = (env: NodeJS.ProcessEnv): string => surroundingsOf(env).environment;
  const told = (config: object): string =>
    of({ PULUMI_NODEJS_STACK: "mine", PULUMI_CONFIG: JSON.stringify(config) });
  assert.equal(told({ "ha-rancher:environment": "prod" }), "prod");
  assert.equal(told({ "ha-rancher:nodes": '[{"host":{}}]' }), "hosts");
  assert.equal(told({ "ha-rancher:nodes": "not JSON" }), "dev");
  assert.equal(of({ PULUMI_STACK: "dev" }), "dev", "from the file");
  assert.equal(of({ PULUMI_STACK: "no-such-stack" }), "dev");
  assert.equal(of({}), "prod");
});

test("docs/policies.md shows the rules as they are", () => {
  const file = join(packageRoot, "docs", "policies.md");
  const text = readFileSync(file, "utf8");
  const wanted = text.replace(
    /(<!-- rules -->\n)[\s\S]*(<!-- \/rules -->)/,
    (_, start, end) => `${start}${rulesText()}\n${end}`,
  );
  if (process.env.UPDATE_DOCS) writeFileSync(file, wanted);
  else assert.equal(text, wanted, "run `UPDATE_DOCS=1 npm test -- unit`");
});

test("what the agents run is known by its label, whatever it is called", () => {
  const labels = [{ label: "ha-rancher.image", value: "postgres:15" }];
  const made = { name: "postgres-1a2b3c4d", start: false, mustRun: false, restart: "no", labels };
  const container = (props: object): Declaration[] => [{ type: types.container, name: "c", props }];
  assert.deepEqual(violations("docker-starts-nothing", container(made)), []);
  assert.equal(violations("docker-starts-nothing", container({ ...made, restart: "always" })).length, 1);
  const unlabelled = { ...made, labels: [], restart: "always" };
  assert.deepEqual(violations("docker-starts-nothing", container(unlabelled)), []);
  assert.equal(violations("lease-on", container(made)).length, 1);
});

test("several VIPs have a router id each, alike on all nodes", () => {
  const conf = (...ids: number[]): string =>
    ids.map((id, i) => `vrrp_instance v${i} {\n    virtual_router_id ${id}\n    priority 150\n}\n`).join("");
  const contents = (one: string, two: string) => [
    { type: types.configuration, name: "c", props: { contents: { one, two } } },
  ];
  assert.deepEqual(violations("router-id-unique", contents(conf(10, 20), conf(10, 20))), []);
  assert.equal(violations("router-id-unique", contents(conf(10, 20), conf(10, 21))).length, 1);
  assert.equal(violations("router-id-unique", contents(conf(10), conf(10, 20))).length, 1);
});
