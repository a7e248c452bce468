import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../domain/mistake";
import { encrypted, isEncrypted } from "../../settings/encrypted";
import { SettingsError } from "../../settings/error";
import { checkSettingsText } from "../../settings/file";
import { rules, settingsSchema } from "../../settings/schema";
import { changed, good, one, two } from "./settings-support";

/* How mistakes are found: one by one, between settings, and both at once. */

const pathsOf = (values: Record<string, unknown>): string[] => changed(values).map(({ path }) => path);

test("a mistake is data: where, what must be, what to do", () => {
  assert.deepEqual(changed({ nfsAddress: "192.168.56.10" }), [
    { path: "nfsAddress", rule: "must not be the `vip`", wayOut: "that moves between nodes" },
  ]);
  const [order] = changed({ guard: { watchdog: 15 } });
  assert.equal(order?.path, "guard.leaseTime");
  assert.equal(sentenceOf({ path: "x", rule: "is wrong" }), "`x` is wrong");
  assert.equal(sentenceOf({ path: "x", subject: "all", rule: "is wrong", wayOut: "y" }), "all is wrong: y");
});

test("nine mistakes of form do not hide a name that is there twice", () => {
  const nodes = Array.from({ length: 10 }, (_, i) => ({
    name: i === 9 ? "n8" : `n${i}`,
    address: i < 9 ? `192.168.56.${300 + i}` : "192.168.56.20",
  }));
  const mistakes = changed({ nodes });
  assert.equal(mistakes.length, 10, mistakes.map(sentenceOf).join("\n"));
  assert.deepEqual(
    mistakes.slice(0, 9).map(({ path }) => path),
    nodes.slice(0, 9).map((_, i) => `nodes[${i}].address`),
  );
  assert.match(sentenceOf(mistakes[9] ?? assert.fail()), /^`nodes` has the name n8 twice/);
});

test("what is wrong in one entry of a list hides nothing of the others, nor of the list", () => {
  const both: [what: string, values: Record<string, unknown>, paths: string[]][] = [
    [
      "nine names of a wrong form, and one that is there twice",
      {
        nodes: [...Array.from({ length: 9 }, (_, i) => ({ name: `N${i}`, address: `192.168.56.2${i}` })), one]
          .concat({ ...two, name: one.name })
          .slice(1),
      },
      [...Array.from({ length: 8 }, (_, i) => `nodes[${i}].name`), "nodes"],
    ],
    ["one node, and its name", { nodes: [{ ...one, name: "A" }] }, ["nodes[0].name", "nodes"]],
    [
      "one node, and its address elsewhere",
      { nodes: [{ ...one, address: "10.0.0.1" }] },
      ["nodes", "nodes[0].address"],
    ],
    [
      "an address of a wrong form, one elsewhere and one that is the VIP",
      {
        nodes: [
          { ...one, address: "x" },
          { ...two, address: "10.0.0.1" },
          { name: "c", address: "192.168.56.10" },
        ],
      },
      ["nodes[0].address", "nodes[2].address", "nodes[1].address"],
    ],
    [
      "a further VIP of a wrong form, and one elsewhere",
      { furtherVips: ["x", "10.0.0.1/24"] },
      ["furtherVips[0]", "furtherVips[1]"],
    ],
    [
      "a further VIP twice, and elsewhere: the list's own mistake is said once",
      { furtherVips: ["10.0.0.1/24", "10.0.0.1/24"] },
      ["furtherVips", "furtherVips[0]", "furtherVips[1]"],
    ],
    [
      "a host's user, and another's key",
      {
        nodes: [
          { ...one, host: { user: "A", keyFile: "~/x" } },
          { ...two, host: { user: "a" } },
        ],
      },
      ["nodes[0].host.user", "nodes[1].host"],
    ],
    [
      "a rule for all entries together is not judged by some of them",
      {
        box: "a/b",
        nodes: [
          { ...one, host: 1 },
          { ...two, host: { user: "a", keyFile: "~/x" } },
        ],
      },
      ["nodes[0].host"],
    ],
  ];
  for (const [what, values, paths] of both) assert.deepEqual(pathsOf(values), paths, what);
});

test("a name that is nearly a setting is told which; a list of all is for those who read pages", () => {
  const said = (values: Record<string, unknown>): string => changed(values).map(sentenceOf).join("\n");
  assert.equal(said({ keepdata: true }), "`keepdata` is not a setting: did you mean `keepData`?");
  assert.equal(said({ zzz: 1 }), "`zzz` is not a setting: docs/settings.md lists all");
  assert.match(
    said({ nodes: [{ ...one, adress: "x" }, two] }),
    /^`nodes\[0\]\.adress` is not a setting; the settings are name, .*: did you mean `address`\?$/,
  );
  assert.match(said({ backup: { when: "daily" } }), /; the settings are schedule, keep, directory$/);
});

test("what is wrong in itself is said once, and what lies between the others as well", () => {
  const both: [what: string, values: Record<string, unknown>, paths: string[]][] = [
    [
      "a timer and the order of others",
      { guard: { hold: 0, watchdog: 15 } },
      ["guard.hold", "guard.leaseTime"],
    ],
    ["a timer and no order with it", { guard: { watchdog: "long", giveUp: 9 } }, ["guard.watchdog"]],
    [
      "a node's name and another's address",
      {
        nodes: [
          { ...one, name: "A" },
          { ...two, address: "10.0.0.1" },
        ],
      },
      ["nodes[0].name", "nodes[1].address"],
    ],
    [
      "a VIP that is none: nothing of its subnet",
      { vip: "x", nodes: [one, { ...two, address: "10.0.0.1" }] },
      ["vip"],
    ],
    [
      "a login's port and its key",
      { nodes: [one, { ...two, host: { user: "root", port: 0 } }] },
      ["nodes[1].host.port", "nodes[1].host"],
    ],
    [
      "a setting too many and a value within",
      { keepalived: { vmac: true, preemptDelay: 5 } },
      ["keepalived.vmac", "keepalived.preemptDelay"],
    ],
    [
      "a fence agent's key and its node",
      { fencing: { agent: "fence_x", sshKey: "x", nodes: { a: { plug: "1" } } } },
      ["fencing.sshKey", "fencing.nodes.b"],
    ],
    [
      "an archive's sum beside a login",
      { imageArchive: { file: "/x", sha256: "1" }, registryLogin: { username: "u", password: "p" } },
      ["imageArchive.sha256", "registryLogin"],
    ],
  ];
  for (const [what, values, paths] of both) assert.deepEqual(pathsOf(values), paths, what);
});

/** A path as rules name it: every number is `[]`. */
const patternOf = (path: PropertyKey[]): string =>
  path.map((part, i) => (part === "[]" ? "[]" : (i ? "." : "") + String(part))).join("");

/** Watches what is read of a value. */
function watched<T>(value: T, seen: Set<string>, path: PropertyKey[] = []): T {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key, receiver) {
      const inner: unknown = Reflect.get(target, key, receiver);
      if (typeof key === "symbol" || (Array.isArray(target) && !/^\d+$/.test(key))) return inner;
      const place = [...path, Array.isArray(target) ? "[]" : key];
      seen.add(patternOf(place));
      return watched(inner, seen, place);
    },
  });
}

const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);

/** Whether a rule that names `of` may read a place: on its way there, there, and below. */
const allows = (of: string, place: string): boolean => {
  const named = of.replace(/\?$/, "");
  return isWithin(named, place) || (!of.endsWith("?") && isWithin(place, named));
};

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n";
const host = { user: "root", privateKey: key, port: 22 };
const stacks: Record<string, unknown>[] = [
  good,
  {
    ...good,
    nodes: [one, two].map((node, i) => ({
      ...node,
      address6: `fd00::${i + 1}`,
      machine: { ports: [{ guest: 80, host: 8080 + i }] },
    })),
    furtherVips: ["192.168.56.20/24", "fd00::10/64"],
    box: "a/b",
    boxUrl: "https://example.com/x.box",
    storage: "machine",
    nfsAddress: "192.168.56.5",
    imageArchive: { file: "/x", sha256: "a".repeat(64) },
    backup: { schedule: "daily" },
    extraEnvironment: { A: "1" },
    keepalived: {
      notify: "/usr/bin/x",
      track: { files: ["/run/x"], scripts: [{ command: "/usr/bin/true" }] },
    },
  },
  {
    ...good,
    nodes: [one, two].map((node) => ({ ...node, host })),
    storage: "server",
    nfsAddress: "10.0.0.5",
    sharedDirectory: "/x",
    preset: "steady",
    fencing: {
      agent: "fence_virsh",
      options: { ip: "10.0.0.1" },
      nodes: { a: { plug: "1" }, b: { plug: "2" } },
      sshKey: key,
      hostKey: "ssh-ed25519 AAAA",
    },
  },
];

test("a rule reads no setting that it does not name", () => {
  for (const values of stacks) {
    const parsed = settingsSchema.parse(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, structuredClone(value)])),
    );
    for (const { of, check } of rules) {
      const seen = new Set<string>();
      assert.deepEqual(check(watched(parsed, seen)), [], of.join());
      for (const place of seen)
        assert.ok(
          of.some((each) => allows(each, place)),
          `the rule of ${of.join()} reads ${place}`,
        );
    }
  }
});

test("a rule names settings that there are", () => {
  const every = new Set(Object.keys(settingsSchema.shape));
  for (const path of rules.flatMap(({ of }) => of)) assert.ok(every.has(/^\w+/.exec(path)?.[0] ?? ""), path);
});

const fileOf = (config: Record<string, unknown>): string =>
  JSON.stringify({
    config: Object.fromEntries(Object.entries(config).map(([name, value]) => [`ha-rancher:${name}`, value])),
  });

test("what only Pulumi can decrypt is taken for right, wherever a secret may stand", () => {
  const secure = { secure: "v1:abc" };
  const settings = checkSettingsText(
    fileOf({
      ...good,
      nodes: [one, two].map((node) => ({ ...node, host: { user: "root", privateKey: secure } })),
      registryLogin: { username: "u", password: secure },
      tls: { certificate: secure, key: secure },
      extraEnvironment: { HTTP_PROXY: secure },
      fencing: {
        agent: "fence_virsh",
        options: { ip: "10.0.0.1", password: secure },
        nodes: { a: { plug: "1" }, b: { plug: "2" } },
        sshKey: secure,
        hostKey: "ssh-ed25519 AAAA",
      },
    }),
    "Pulumi.x.yaml",
  );
  for (const value of [
    settings.nodes[0]?.host?.privateKey,
    settings.registryLogin?.password,
    settings.tls?.key,
    settings.extraEnvironment.HTTP_PROXY,
    settings.fencing.options.password,
    settings.fencing.sshKey,
  ])
    assert.ok(isEncrypted(value));
});

test("no text that is written counts as encrypted", () => {
  assert.ok(!isEncrypted("[encrypted]"));
  const paths = pathsOf({ nodes: [one, { ...two, host: { user: "root", privateKey: "[encrypted]" } }] });
  assert.deepEqual(paths, ["nodes[1].host.privateKey"]);
  // Where something else must stand it is as wrong as any text.
  assert.deepEqual(pathsOf({ hostname: encrypted }), ["hostname"]);
});

/** What is said of a stack's file. */
function saidOf(config: Record<string, unknown>): string[] {
  try {
    checkSettingsText(JSON.stringify({ config }), "Pulumi.x.yaml");
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    assert.ok(
      error.mistakes.every(({ line }) => line === 1),
      "each has its line",
    );
    return error.mistakes.map((each) => sentenceOf({ ...each, line: undefined }));
  }
  return [];
}

test("a missing or strange namespace is said with all else, and hides nothing of what it names", () => {
  const own = { "ha-rancher:vip": good.vip, "ha-rancher:nodes": good.nodes };
  const read = "is in a namespace that nothing here reads (ha-rancher, pulumi, docker, command are read)";
  for (const [config, said] of [
    [{ ...own, "pulumi:disable-default-providers": ["aws"], "docker:host": "unix:///x" }, []],
    [{ ...own, "rancher:image": "a:1" }, [`\`rancher:image\` ${read}: write \`ha-rancher:image\``]],
    [
      { ...own, "ha-ranchr:preset": "turbo" },
      [`\`ha-ranchr:preset\` ${read}: write \`ha-rancher:preset\``, /^`preset` must be one of/],
    ],
    [{ ...own, "rancher:imgae": "a:1" }, [`\`rancher:imgae\` ${read}: write \`ha-rancher:image\``]],
    [{ ...own, "aws:region": "x" }, [`\`aws:region\` ${read}: remove it`]],
    [
      { vip: "192.168.56.10", "ha-rancher:nodes": [one] },
      [
        "`vip` must be written `ha-rancher:vip`, with its namespace",
        /^`vip` must be an IPv4 address with its subnet's prefix/,
        /^`nodes` must name at least two nodes/,
      ],
    ],
    // What is written right counts.
    [{ ...own, vip: "x" }, ["`vip` must be written `ha-rancher:vip`, with its namespace"]],
  ] as [Record<string, unknown>, (string | RegExp)[]][]) {
    const found = saidOf(config);
    assert.equal(found.length, said.length, found.join("\n"));
    for (const [i, each] of said.entries())
      if (typeof each === "string") assert.equal(found[i], each);
      else assert.match(found[i] ?? "", each);
  }
});

test("keys that cannot be used are said with all else", () => {
  const host = { user: "admin", keyFile: "/nonexistent/key" };
  const nodes = [
    { ...one, host },
    { ...two, host: { ...host, user: "A" } },
  ];
  const said = saidOf({ "ha-rancher:vip": "x", "ha-rancher:nodes": nodes });
  assert.equal(said.length, 4, said.join("\n"));
  assert.match(said[2] ?? "", /^`nodes\[0\]\.host\.keyFile` \(\/nonexistent\/key\) does not exist/);
});
