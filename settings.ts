import { basename } from "node:path";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { Vip } from "./components/vrrp-spec";
import { advertIntervalOf, floatingIpShape, number, parseVip, whyNotOffered } from "./settings-floating-ip";
import { floatingIpMistakes } from "./settings-floating-ip-rules";

/** The project's name, which is also the namespace of its settings: `ha-rancher:vip`. */
export const namespace = "ha-rancher";

/** Hypervisors that `hypervisor` may name; `auto` takes VirtualBox if it works, else the lab. */
export const hypervisors = ["auto", "lab", "virtualbox", "libvirt"] as const;

const hostName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Docker's reference grammar, with a tag or a digest (or both) required. */
const imageReference =
  /^[a-z0-9]+([._/:-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$/;

const whole = (least: number, most: number, unit = "") =>
  z.coerce
    .number({ error: `must be a whole number${unit}` })
    .int({ error: `must be a whole number${unit}` })
    .min(least, { error: `must be at least ${least}${unit}` })
    .max(most, { error: `must be at most ${most}${unit}` });

const address = z.string().refine((text) => ipaddr.IPv4.isValidFourPartDecimal(text), {
  error: "must be an IPv4 address such as 192.168.56.11, without a prefix",
});

const directory = z.string().regex(/^(\/[A-Za-z0-9._-]+)+$/, {
  error: "must be an absolute path of letters, digits, dots, dashes and underscores, such as /rancher_data",
});

const node = z.strictObject({
  name: z.string().regex(hostName, {
    error: "must be a host name: lower-case letters, digits and dashes, at most 63 characters",
  }),
  address,
  address6: z
    .string({ error: "must be a text" })
    .refine((text) => ipaddr.IPv6.isValid(text) && !text.includes("%"), {
      error: "must be an IPv6 address such as fd00:56::11, without a prefix",
    })
    .optional(),
  priority: number(1, 254).int({ error: "must be a whole number" }).optional(),
});

const schema = z.strictObject({
  vip: z
    .string({ error: "is missing: give the floating IP with its subnet's prefix, such as 192.168.56.10/24" })
    .refine((text) => ipaddr.IPv4.isValidCIDR(text) && /^\d+\.\d+\.\d+\.\d+\//.test(text), {
      error: "must be an IPv4 address with its subnet's prefix, such as 192.168.56.10/24",
    }),
  nodes: z
    .array(node, { error: "is missing: give a list of at least two nodes, each with `name` and `address`" })
    .min(2, { error: "must name at least two nodes: one alone cannot fail over" })
    .max(10, { error: "must name at most ten nodes" }),
  hypervisor: z.enum(hypervisors, { error: `must be one of ${hypervisors.join(", ")}` }).default("auto"),
  box: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)?$/, { error: "must be the name of a Vagrant box, such as debian/bookworm64" })
    .optional(),
  boxVersion: z
    .string()
    .regex(/^[\w.+-]+$/, { error: "must be one exact version of the box, such as 12.20250126.1" })
    .optional(),
  cpus: whole(1, 64).default(2),
  memory: whole(512, 1_048_576, " MiB").optional(),
  image: z
    .string()
    .regex(imageReference, {
      error: "must be an image with a tag or digest, such as rancher/rancher:v2.12.3",
    })
    .refine((text) => !/:latest(@|$)/.test(text), {
      error: "must not be `latest`: a failover would then upgrade the datastore; name a version",
    })
    .optional(),
  httpsPort: whole(1, 65_535).default(443),
  dataDirectory: directory.default("/rancher_data"),
  ...floatingIpShape,
  advertInterval: z.coerce
    .number({ error: "must be a number of seconds" })
    .min(0.05, { error: "must be at least 0.05 s: less is false takeovers on a busy machine" })
    .max(40, { error: "must be at most 40 s, the most that VRRPv3 can say" })
    .optional(),
  virtualRouterId: whole(1, 255).optional(),
  startDeadline: whole(10, 3_600, " s").default(300),
  nfsAddress: address.optional(),
  sharedDirectory: directory.optional(),
  keepData: z
    .enum(["true", "false"], { error: "must be true or false" })
    .transform((text) => text === "true")
    .optional(),
});

type Parsed = z.infer<typeof schema>;

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
  nodes: { name: string; address: string; address6?: string; priority: number }[];
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
};

/** The names of all settings, without the namespace. */
export const settingNames = Object.keys(schema.shape);

function fromText(raw: Record<string, string>, mistakes: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(raw)) {
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
  let place: z.ZodType = schema;
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

function twice(values: string[]): string[] {
  return [...new Set(values.filter((value, i) => values.indexOf(value) !== i))];
}

/** Mistakes that lie between settings. */
function crossMistakes(parsed: Parsed): string[] {
  const mistakes: string[] = [];
  const [vip, prefix] = ipaddr.IPv4.parseCIDR(parsed.vip);
  const first = ipaddr.IPv4.networkAddressFromCIDR(parsed.vip).toString();
  const last = ipaddr.IPv4.broadcastAddressFromCIDR(parsed.vip).toString();
  const isSubnet = prefix >= 8 && prefix <= 30;
  if (parsed.subnet) mistakes.push(...subnetMistakes(parsed.subnet, parsed));
  else if (!isSubnet) mistakes.push("`vip` must have a prefix from /8 to /30, its subnet's");
  else if ([first, last].includes(vip.toString()))
    mistakes.push("`vip` must not be its subnet's first or last address: hosts cannot have those");
  for (const name of twice(parsed.nodes.map((each) => each.name)))
    mistakes.push(`\`nodes\` has the name ${name} twice: give each node its own`);
  for (const same of twice(parsed.nodes.map((each) => each.address)))
    mistakes.push(`\`nodes\` has the address ${same} twice: give each node its own`);
  parsed.nodes.forEach((each, i) => {
    if (each.address === vip.toString())
      mistakes.push(
        `\`nodes[${i}].address\` must not be the \`vip\`: the VIP moves between nodes, choose a free address for it`,
      );
    else if (parsed.subnet) return;
    else if (isSubnet && !ipaddr.IPv4.parse(each.address).match([vip, prefix]))
      mistakes.push(
        `\`nodes[${i}].address\` (${each.address}) must be in the subnet of \`vip\` (${first}/${prefix}): otherwise nobody there finds the VIP; if a route leads to it, say so with \`subnet\`, the nodes' network`,
      );
    else if (isSubnet && [first, last].includes(each.address))
      mistakes.push(
        `\`nodes[${i}].address\` must not be its subnet's first or last address: hosts cannot have those`,
      );
    if (each.address === parsed.nfsAddress)
      mistakes.push(`\`nfsAddress\` must not be a node's address: the export is on this machine`);
  });
  return [...mistakes, ...floatingIpMistakes({ ...parsed, nodes: withPriorities(parsed.nodes) })];
}

/** With `subnet` it is that network which the nodes must be in, wherever the VIP is. */
function subnetMistakes(subnet: string, parsed: Parsed): string[] {
  const [, prefix] = ipaddr.IPv4.parseCIDR(subnet);
  if (prefix < 8 || prefix > 30) return ["`subnet` must have a prefix from /8 to /30"];
  const network = ipaddr.IPv4.networkAddressFromCIDR(subnet);
  const ends = [network, ipaddr.IPv4.broadcastAddressFromCIDR(subnet)].map(String);
  return parsed.nodes.flatMap(({ address: own }, i) => {
    if (!ipaddr.IPv4.parse(own).match(network, prefix))
      return [`\`nodes[${i}].address\` (${own}) must be in \`subnet\` (${network}/${prefix})`];
    if (ends.includes(own))
      return [
        `\`nodes[${i}].address\` must not be its subnet's first or last address: hosts cannot have those`,
      ];
    return [];
  });
}

/** Distinct, below 255 (which would mean "owns the address") and 10 apart, so that one can be put between. */
const withPriorities = <T extends { priority?: number | undefined }>(
  nodes: T[],
): (T & { priority: number })[] =>
  nodes.map((each, i) => ({ ...each, priority: each.priority ?? 150 - 10 * i }));

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
  const result = schema.safeParse(values);
  const unreadable = new Set(Object.keys(raw).filter((name) => !(name in values)));
  if (!result.success) {
    const rest = result.error.issues.filter((issue) => !unreadable.has(String(issue.path[0])));
    mistakes.push(...schemaMistakes(new z.ZodError(rest)));
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
