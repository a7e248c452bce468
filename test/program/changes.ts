import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { nfsExport } from "../../providers/nfs";
import { machine } from "../../providers/vagrant";
import { keepalived } from "../../providers/vip";
import { parseSettings, type Settings } from "../../settings";
import { enterMockLab, madeStack, mockPulumi, type Registered, resolved } from "./mocks";

/** The settings that every stack has. */
export const given: Record<string, string> = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "one", address: "192.168.56.11" },
    { name: "two", address: "192.168.56.12" },
  ]),
};

let registered: Registered[] | undefined;

/** What the program registers with these settings beside the usual ones; the options are the stack's component's. */
export async function register(
  more: Record<string, unknown> = {},
  opts?: pulumi.ComponentResourceOptions,
): Promise<Registered[]> {
  const text = Object.entries(more).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  if (!registered) {
    registered = await mockPulumi();
    enterMockLab();
  }
  const all = registered;
  const settings: Settings = parseSettings({ ...given, ...Object.fromEntries(text) });
  const from = all.length;
  const stack = await madeStack(settings, opts);
  await resolved(stack.nodes);
  // The observation waits for nothing in a preview: the last resource, the agents, may still be on its way.
  const agents = () => all.slice(from).some(({ name }) => name.endsWith("-agents-rollout"));
  for (const end = Date.now() + 30_000; !agents(); await sleep(5))
    assert.ok(Date.now() < end, "the agents are not registered");
  return all.slice(from);
}

/** A secret as it goes over the wire, and what is in it. */
export const isSecret = (value: unknown): value is { value: unknown } =>
  typeof value === "object" && value !== null && "value" in value && Object.keys(value).length === 2;
export const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (isSecret(value)) return plain(value.value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
};

/** A resource without what tells one make of the container from another: what follows it. */
const make = /-[0-9a-f]{8}(?=$|-)/;
const withoutMake = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(plain(value) ?? null).replaceAll(/"rancher-[0-9a-f]{8}"/g, '"rancher-#"'));

/** A name without those of the components that it is in. */
const withoutComponents = (name: string): string =>
  name.replace(
    /^ha-rancher-((machines|software|storage(-machine)?|floating-ip|rancher|backups|snapshots|agents)-)?/,
    "",
  );

const key = ({ type, name }: Registered): string =>
  `${type.split(":").at(-1)} ${withoutComponents(name)
    .replace(make, "-#")
    .replace(/^(one|two)(?=-|$)/, "*")}`;

function grouped(all: Registered[]): Map<string, Registered[]> {
  const groups = new Map<string, Registered[]>();
  for (const each of all) groups.set(key(each), [...(groups.get(key(each)) ?? []), each]);
  return groups;
}

/** What differs between two runs of the program: `+ name`, `- name`, `~ name: inputs`; nodes as `*`. */
export function changes(before: Registered[], after: Registered[]): string[] {
  const [olds, news] = [grouped(before), grouped(after)];
  return [...new Set([...olds.keys(), ...news.keys()])]
    .flatMap((name) => {
      const [old, now] = [olds.get(name), news.get(name)];
      if (!old) return [`+ ${name}`];
      if (!now) return [`- ${name}`];
      const inputs = now.flatMap((each, i) => {
        const former = old[i]?.inputs ?? {};
        return [...new Set([...Object.keys(former), ...Object.keys(each.inputs)])].filter((input) => {
          const texts = [former[input], each.inputs[input]];
          const [one, other] = input === "container" ? texts : texts.map(withoutMake);
          return input !== "__provider" && JSON.stringify(one) !== JSON.stringify(other);
        });
      });
      return inputs.length ? [`~ ${name}: ${[...new Set(inputs)].sort().join(", ")}`] : [];
    })
    .sort();
}

const reached = { host: "127.0.0.1", port: 1, user: "vagrant", hostKey: "ssh-ed25519 AAAA" };

/** The types whose outputs others are made from, with such outputs. */
const measured: Record<
  string,
  { provider: pulumi.dynamic.ResourceProvider; outputs: Record<string, unknown> }
> = {
  "pulumi-nodejs:dynamic/vagrant:Machine": {
    provider: machine,
    outputs: {
      ...{ state: "running", machineId: "1", ssh: reached },
      ...{ address: "127.0.0.1", interface: "eth1", forwardedPorts: [] },
    },
  },
  "pulumi-nodejs:dynamic/nfs:Export": { provider: nfsExport, outputs: { path: "10.0.0.1:/x", exportId: 1 } },
  "pulumi-nodejs:dynamic/vip:Keepalived": {
    provider: keepalived,
    outputs: { version: "2.2.7", installed: [] },
  },
};

/**
 * What a preview of that change cannot know: it shows as changed what is made from these outputs. `name: outputs`, as the
 * resources' own `diff` says; test/engine/previews.test.ts has it of Pulumi itself.
 */
export async function unknownInPreview(before: Registered[], after: Registered[]): Promise<string[]> {
  const formers = grouped(before);
  const found = await Promise.all(
    [...grouped(after)].map(async ([name, [now]]) => {
      const old = formers.get(name)?.[0];
      const { provider, outputs = {} } = measured[now?.type ?? ""] ?? {};
      if (!old || !now || !provider?.check || !provider.diff) return [];
      const [former, present] = [old, now].map(
        ({ inputs }) => plain({ ...inputs, __provider: "" }) as object,
      );
      if (JSON.stringify(former) === JSON.stringify(present)) return [];
      const { inputs: olds } = await provider.check({}, former);
      const { inputs: news } = await provider.check(olds, present);
      const {
        changes,
        replaces = [],
        stables = [],
      } = await provider.diff("id", { ...olds, ...outputs }, news);
      const unknown = Object.keys(outputs).filter((key) => replaces.length > 0 || !stables.includes(key));
      return changes && unknown.length > 0 ? [`${name}: ${unknown.sort().join(", ")}`] : [];
    }),
  );
  return found.flat().sort();
}

/** Another container beside the old one, which differs in these inputs, and the release that moves the service to it. */
export const container = (inputs: string, release = "container"): string[] => [
  `~ Container *-rancher-#: ${inputs}`,
  `~ Release release: ${release}`,
];
/** Agents take over that have these settings. */
export const agents = ["~ Files *-agent-files: files", "~ Rollout rollout: source"];
