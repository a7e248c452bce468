import { basename } from "node:path";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { Vip } from "../domain/vrrp";
import { rancherMistakes, rancherShape, rancherStructured } from "../workloads/rancher/settings";
import { backupMistakes, backupShape, backupStructured } from "./backup";
import { environments } from "./environment";
import { fencingMistakes, fencingShape } from "./fencing";
import { advertIntervalOf, floatingIpShape, parseVip, whyNotOffered } from "./floating-ip";
import { floatingIpMistakes } from "./floating-ip-rules";
import { guardMistakes, guardShape } from "./guard";
import type { HostSettings } from "./hosts";
import { imageMistakes, imageShape, imageStructured } from "./image";
import type { MachineSettings } from "./machines";
import { nodesMistakes, nodesShape, withPriorities } from "./nodes";
import { storageMistakes, storageShape } from "./storage";

/** The project's name, which is also the namespace of its settings: `ha-rancher:vip`. */
export const namespace = "ha-rancher";

/** What checks the settings one by one, by name without the namespace. */
export const settingsSchema = z.strictObject({
  ...floatingIpShape,
  ...nodesShape,
  ...storageShape,
  ...rancherShape,
  ...imageShape,
  ...backupShape,
  environment: z
    .enum(environments, { error: `must be one of ${environments.join(", ")}` })
    .optional()
    .describe(
      "What the stack is for, which decides how strictly the policies judge it: dev, blog, hosts, prod; default: the one that it is named after, else hosts if all nodes are, else dev",
    ),
  ...guardShape,
  ...fencingShape,
});

type Parsed = z.infer<typeof settingsSchema>;

/** A node as the settings have it: a host that existed before, or else a machine. */
export interface NodeSettings {
  name: string;
  /** On the nodes' network, without prefix. */
  address: string;
  address6?: string;
  priority: number;
  host?: HostSettings;
  machine?: MachineSettings;
}

/** A stack's settings after all checks; what depends on the lab is still open where it is undefined. */
export interface Settings
  extends Omit<
    Parsed,
    "vip" | "nodes" | "virtualRouterId" | "furtherVips" | "subnet" | "preset" | "advertInterval"
  > {
  /** The floating IP and the subnet it is in. */
  vip: Vip;
  /** Addresses that move with it. */
  furtherVips: Vip[];
  /** The nodes' network: the VIP's, unless it was said. */
  subnet: Vip;
  /** Each with its VRRP priority; unless that was said, in order of preference. */
  nodes: NodeSettings[];
  /** Seconds between two adverts: the preset's, unless it was said. */
  advertInterval: number;
  /** 1 to 255; from the VIP's last number unless set. */
  virtualRouterId: number;
}

/** Names of settings that are given as JSON where everything is text. */
const structured: Record<string, string> = {
  nodes: "a list, each entry with `name` and `address`",
  furtherVips: "a list of addresses with prefix",
  keepalived: "settings by name",
  bridge: "a list of interfaces of this machine",
  guard: "settings by name",
  fencing: "settings by name",
  ...rancherStructured,
  ...imageStructured,
  ...backupStructured,
};

/** The names of all settings, without the namespace. */
export const settingNames = Object.keys(settingsSchema.shape);

/** How Pulumi.yaml says that a setting has no default of its own, by its type. */
const isNotGiven = (text: string): boolean => text === "" || text === "{}";

function fromText(raw: Record<string, string>, mistakes: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(raw)) {
    if (isNotGiven(text)) continue;
    const form = structured[name];
    if (!form) values[name] = text;
    else {
      try {
        values[name] = JSON.parse(text);
      } catch {
        mistakes.push(`\`${name}\` must be ${form}`);
      }
    }
  }
  return values;
}

/** `nodes[1].address` for ["nodes", 1, "address"]. */
const pathText = (path: PropertyKey[]): string =>
  path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i ? "." : "") + String(part))).join("");

function schemaMistakes(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [`\`${pathText(issue.path)}\` ${issue.message}`];
    return issue.keys.map((key) => {
      const name = `\`${pathText([...issue.path, key])}\``;
      return `${name} is not a setting${whyNotOffered(key)}; the settings are ${knownAt(issue.path).join(", ")}`;
    });
  });
}

/** Names of the settings at a place of the schema. */
function knownAt(path: PropertyKey[]): string[] {
  let place: z.ZodType = settingsSchema;
  const unwrapped = (type: z.ZodType): z.ZodType =>
    type instanceof z.ZodDefault || type instanceof z.ZodOptional
      ? unwrapped(type.unwrap() as z.ZodType)
      : type;
  for (const part of path) {
    if (place instanceof z.ZodArray) place = place.element as z.ZodType;
    else if (place instanceof z.ZodObject) place = place.shape[String(part)] as z.ZodType;
    place = unwrapped(place);
  }
  return place instanceof z.ZodObject ? Object.keys(place.shape) : [];
}

/** Mistakes that lie between settings. */
function crossMistakes(parsed: Parsed): string[] {
  const given = { ...parsed, nodes: withPriorities(parsed.nodes) };
  return [
    nodesMistakes,
    storageMistakes,
    floatingIpMistakes,
    guardMistakes,
    fencingMistakes,
    rancherMistakes,
    imageMistakes,
    backupMistakes,
  ].flatMap((rule) => rule(given));
}

/**
 * Mistakes between settings where some are wrong in themselves already: found among the others, so that they are told
 * at once. What would be said of one that is wrong is not.
 */
function furtherMistakes(values: Record<string, unknown>, { issues }: z.ZodError): string[] {
  const wrong = new Set(
    issues.flatMap((issue) =>
      issue.path.length > 0 ? [String(issue.path[0])] : issue.code === "unrecognized_keys" ? issue.keys : [],
    ),
  );
  const others = settingsSchema.safeParse(
    Object.fromEntries(Object.entries(values).filter(([name]) => !wrong.has(name))),
  );
  if (!others.success) return [];
  const speaksOfWrong = (mistake: string): boolean =>
    [...mistake.matchAll(/`([A-Za-z0-9]+)[^`]*`/g)].some(([, name = ""]) => wrong.has(name));
  return crossMistakes(others.data).filter((mistake) => !speaksOfWrong(mistake));
}

/** All mistakes of a stack's settings, in one message. */
export class SettingsError extends Error {
  constructor(readonly mistakes: string[]) {
    super(
      [
        `the settings have ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}; nothing was changed:`,
        ...mistakes.map((mistake) => `  - ${mistake}`),
        "Correct them in the stack's file (Pulumi.<stack>.yaml) or with `pulumi config set`.",
      ].join("\n"),
    );
    this.name = "SettingsError";
  }
}

/**
 * Checks the settings of a stack and completes them.
 *
 * @param raw name (without namespace) to value as text; lists and objects as JSON
 * @throws SettingsError with every mistake found
 */
export function parseSettings(raw: Record<string, string>): Settings {
  const mistakes: string[] = [];
  const values = fromText(raw, mistakes);
  const result = settingsSchema.safeParse(values);
  const unreadable = new Set(
    Object.keys(raw).filter((name) => !isNotGiven(raw[name] ?? "") && !(name in values)),
  );
  if (!result.success) {
    const rest = result.error.issues.filter((issue) => !unreadable.has(String(issue.path[0])));
    mistakes.push(...schemaMistakes(new z.ZodError(rest)), ...furtherMistakes(values, result.error));
  } else mistakes.push(...crossMistakes(result.data));
  if (!result.success || mistakes.length) throw new SettingsError(mistakes);

  const { vip, nodes, virtualRouterId, furtherVips, subnet, preset, advertInterval, ...others } = result.data;
  const [vipAddress, prefix] = ipaddr.IPv4.parseCIDR(vip);
  const network = subnet ?? vip;
  return {
    ...others,
    vip: { address: vipAddress.toString(), prefix },
    furtherVips: furtherVips.map((text) => parseVip(text) as Vip),
    subnet: {
      address: ipaddr.IPv4.networkAddressFromCIDR(network).toString(),
      prefix: ipaddr.IPv4.parseCIDR(network)[1],
    },
    nodes: withPriorities(nodes),
    advertInterval: advertIntervalOf({ preset, advertInterval }),
    virtualRouterId: virtualRouterId ?? (vipAddress.octets[3] || 1),
  };
}

/** The stack's name from its file: `dev` for Pulumi.dev.yaml. */
export const stackOfFile = (file: string): string => basename(file).replace(/^Pulumi\.(.+)\.yaml$/, "$1");
