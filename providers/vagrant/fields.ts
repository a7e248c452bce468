import ipaddr from "ipaddr.js";
import { z } from "zod";

/*
 * Parts of the inputs' schema. Each message continues a sentence that begins with the input's name.
 */

export const missing = (message: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? `is missing: ${message}` : message),
});

/** Text that fits in one line of a configuration file. */
export const word = (what: string) =>
  z
    .string(missing(what))
    .min(1, { error: `must not be empty: ${what}` })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    .regex(/^[^\s\u0000-\u001f\u007f]*$/, {
      error: "must be one word, without spaces or control characters",
    });

/** Any text without null bytes, which neither Ruby nor the system accepts. */
export const text = (what: string) =>
  z
    .string(missing(`must be ${what}`))
    .refine((value) => !value.includes("\0"), { error: "must not contain null bytes" });

export const whole = (least: number, most: number, unit: string) => {
  const error = `must be a whole number${unit} from ${least} to ${most}`;
  return z.number(missing(error)).int({ error }).min(least, { error }).max(most, { error });
};

export const port = whole(1, 65_535, "");
export const seconds = whole(5, 86_400, " of seconds");
export const flag = z.boolean({ error: "must be true or false" });

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, {
    error: (issue) =>
      `${issue.input === undefined ? "is missing: it " : ""}must be one of ${values.join(", ")}`,
  });

/** A name that is valid in Ruby for methods and options. */
export const rubyName = z.string().regex(/^[a-z_][a-z0-9_]*$/, {
  error: "must be named like a setting of Vagrant's: small letters, digits and underscores",
});

const hostNameError = "must be a host name: lower-case letters, digits and dashes, at most 63 characters";
export const hostName = z
  .string(missing("the machine's name, such as master-rancher"))
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, { error: hostNameError });

const ipError = "must be an IPv4 address, such as 127.0.0.1";
export const ip = z
  .string({ error: ipError })
  .refine((value) => ipaddr.IPv4.isValidFourPartDecimal(value), { error: ipError });

const cidrError = "must be an IPv4 address with the prefix of its network, such as 192.168.56.11/24";
const isCidr = (value: string): boolean => {
  const [address = "", prefix = ""] = value.split("/");
  return ipaddr.IPv4.isValidFourPartDecimal(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
};
export const cidr = z.string(missing(cidrError)).refine(isCidr, { error: cidrError });

const asNumber = (value: ipaddr.IPv4): number => value.octets.reduce((sum, octet) => sum * 256 + octet, 0);

/**
 * A machine's address with its network's prefix; it must not be the network's own, the host's or the broadcast address.
 */
export const machineAddress = cidr.superRefine((value, context) => {
  if (!isCidr(value)) return;
  const refuse = (message: string): void => void context.addIssue({ code: "custom", message });
  const [own, prefix] = ipaddr.IPv4.parseCIDR(value);
  if (prefix < 8 || prefix > 29) {
    refuse("must have a prefix from /8 to /29: the network holds the host and the machines");
    return;
  }
  const place = asNumber(own) - asNumber(ipaddr.IPv4.networkAddressFromCIDR(value));
  if (place === 0) refuse("is the address of the network itself: choose one within it");
  else if (place === 1)
    refuse("is the first address of its network, which the host has itself: choose a higher one");
  else if (place === 2 ** (32 - prefix) - 1)
    refuse("is the broadcast address of its network: choose a lower one");
});

/** Value of a setting that only its hypervisor understands. */
export type Setting = string | number | boolean | Setting[] | { [key: string]: Setting };
const settingError = "must be text, a number, true or false, or a list or table of such";
export const setting: z.ZodType<Setting> = z.lazy(() =>
  z.union(
    [
      z.string().refine((value) => !value.includes("\0")),
      z.number(),
      z.boolean(),
      z.array(setting),
      z.record(z.string(), setting),
    ],
    { error: settingError },
  ),
);
