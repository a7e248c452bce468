import { isAbsolute, normalize } from "node:path";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unknownValue } from "../shim";

/** Hypervisors whose machines can be made so far. */
export const hypervisors = ["libvirt", "virtualbox"] as const;

const missing = (message: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? `is missing: ${message}` : message),
});

/** Text that fits in one line of a configuration file. */
const word = (what: string) =>
  z
    .string(missing(what))
    .min(1, { error: `must not be empty: ${what}` })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    .regex(/^[^\s\u0000-\u001f\u007f]*$/, {
      error: "must be one word, without spaces or control characters",
    });

const whole = (least: number, most: number, unit: string) => {
  const error = `must be a whole number${unit} from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};

const cidrError = "must be an IPv4 address with the prefix of its network, such as 192.168.56.11/24";
const isCidr = (text: string): boolean => {
  const [address = "", prefix = ""] = text.split("/");
  return ipaddr.IPv4.isValidFourPartDecimal(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
};
const cidr = z.string(missing(cidrError)).refine(isCidr, { error: cidrError });

const asNumber = (ip: ipaddr.IPv4): number => ip.octets.reduce((sum, octet) => sum * 256 + octet, 0);

const address = cidr.superRefine((text, context) => {
  if (!isCidr(text)) return;
  const refuse = (message: string): void => void context.addIssue({ code: "custom", message });
  const [own, prefix] = ipaddr.IPv4.parseCIDR(text);
  if (prefix < 8 || prefix > 29) {
    refuse("must have a prefix from /8 to /29: the network holds the host and the machines");
    return;
  }
  const network = ipaddr.IPv4.networkAddressFromCIDR(text);
  const place = asNumber(own) - asNumber(network);
  if (place === 0) refuse("is the address of the network itself: choose one within it");
  else if (place === 1)
    refuse("is the first address of its network, which the host has itself: choose a higher one");
  else if (place === 2 ** (32 - prefix) - 1)
    refuse("is the broadcast address of its network: choose a lower one");
});

const seconds = (fallback: number) => whole(5, 86_400, " of seconds").default(fallback);

const shape = {
  name: z
    .string(missing("the machine's host name, such as master-rancher"))
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
      error: "must be a host name: lower-case letters, digits and dashes, at most 63 characters",
    }),
  directory: z
    .string(missing("an absolute path, the machine's own folder"))
    .refine((path) => isAbsolute(path) && normalize(`${path}/`) === `${path}/` && path !== "/", {
      error: "must be an absolute path without `..` or a slash at its end: the machine's own folder",
    })
    .refine((path) => !path.includes("\0"), { error: "must not contain null bytes" }),
  box: word("the name of a Vagrant box, such as debian/bookworm64"),
  boxVersion: word("one exact version of the box").optional(),
  hypervisor: z.enum(hypervisors, {
    error: (issue) =>
      `${issue.input === undefined ? "is missing: it " : ""}must be one of ${hypervisors.join(", ")}`,
  }),
  cpus: whole(1, 255, "").default(2),
  memory: whole(512, 1_048_576, " of MiB").default(2048),
  address,
  privateNetwork: word("the name of a libvirt network").optional(),
  libvirt: z
    .strictObject({
      uri: word("libvirt's URI, such as qemu:///system").optional(),
      driver: z.enum(["kvm", "qemu"], { error: "must be kvm or qemu (emulation)" }).optional(),
      managementNetwork: z.strictObject({ name: word("the name of a libvirt network"), cidr }).optional(),
    })
    .optional(),
  guest: z
    .string()
    .regex(/^[a-z0-9_]+$/, { error: "must be Vagrant's name of a system, such as debian or redhat" })
    .optional(),
  sshPort: whole(1, 65_535, "").default(22),
  provision: z
    .string({ error: "must be the text of a shell script" })
    .refine((text) => !text.includes("\0"), { error: "must not contain null bytes" })
    .optional(),
  timeouts: z.strictObject({ up: seconds(600), halt: seconds(120), destroy: seconds(120) }).prefault({}),
  owner: z.string().default(""),
};

type Shape = typeof shape;
type Key = keyof Shape;

/** The inputs of a machine after `check`: with all defaults. */
export type MachineInputs = {
  [K in Key as undefined extends z.output<Shape[K]> ? never : K]: z.output<Shape[K]>;
} & {
  [K in Key as undefined extends z.output<Shape[K]> ? K : never]?: z.output<Shape[K]>;
};

export const inputKeys = Object.keys(shape) as Key[];

/** The inputs among the properties of a machine. */
export const inputsOf = (props: MachineInputs): MachineInputs =>
  Object.fromEntries(
    inputKeys.flatMap((key) => (props[key] === undefined ? [] : [[key, props[key]]])),
  ) as unknown as MachineInputs;

export interface CheckFailure {
  property: string;
  reason: string;
}

const holdsUnknown = (value: unknown): boolean =>
  value === unknownValue ||
  (typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown));

const pathText = (path: PropertyKey[]): string => path.map(String).join(".");

function messages(property: string, error: z.ZodError): string[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map(
          (key) => `\`${pathText([property, ...issue.path, key])}\` is not an input of a machine`,
        )
      : [`\`${pathText([property, ...issue.path])}\` ${issue.message}`],
  );
}

/** Mistakes that lie between inputs. */
function crossFailures(news: Record<string, unknown>): CheckFailure[] {
  if (news.hypervisor !== "virtualbox") return [];
  return ["privateNetwork", "libvirt"].flatMap((property) =>
    news[property] === undefined
      ? []
      : [
          {
            property,
            reason: `\`${property}\` is for \`hypervisor\` libvirt only: leave it out, or choose libvirt`,
          },
        ],
  );
}

/**
 * Checks the inputs of a machine and fills in the defaults.
 *
 * @param news as Pulumi gives them; unknown ones (in previews) are passed on as they are
 * @returns all inputs, and all mistakes at once
 */
export function checkInputs(news: Record<string, unknown>): {
  inputs: Record<string, unknown>;
  failures: CheckFailure[];
} {
  const inputs: Record<string, unknown> = { ...news };
  const failures: CheckFailure[] = [];
  for (const property of inputKeys) {
    if (holdsUnknown(news[property])) continue;
    const result = shape[property].safeParse(news[property]);
    if (!result.success)
      failures.push(...messages(property, result.error).map((reason) => ({ property, reason })));
    else if (result.data === undefined) delete inputs[property];
    else inputs[property] = result.data;
  }
  failures.push(...crossFailures(news));
  return { inputs, failures };
}
