import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
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
    /^ha-rancher-((machines|software|storage(-machine)?|floating-ip|rancher|backups|agents)-)?/,
    "",
  );

/** What differs between two runs of the program: `+ name`, `- name`, `~ name: inputs`; nodes as `*`. */
export function changes(before: Registered[], after: Registered[]): string[] {
  const key = ({ type, name }: Registered): string =>
    `${type.split(":").at(-1)} ${withoutComponents(name)
      .replace(make, "-#")
      .replace(/^(one|two)(?=-|$)/, "*")}`;
  const grouped = (all: Registered[]): Map<string, Registered[]> => {
    const groups = new Map<string, Registered[]>();
    for (const each of all) groups.set(key(each), [...(groups.get(key(each)) ?? []), each]);
    return groups;
  };
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

/** Another container beside the old one, which differs in these inputs, and the release that moves the service to it. */
export const container = (inputs: string, release = "container"): string[] => [
  `~ Container *-rancher-#: ${inputs}`,
  `~ Release release: ${release}`,
];
/** Agents take over that have these settings. */
export const agents = ["~ Files *-agent-files: files", "~ Rollout rollout: source"];
