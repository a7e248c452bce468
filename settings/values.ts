import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unusableAddress } from "../domain/address-kinds";
import { isPinnedReference, parseImage } from "../domain/image";
import type { Mistake } from "../domain/mistake";
import { hasDots } from "../domain/node-paths";
import { isEncrypted } from "./encrypted";

export { isEncrypted };

/*
 * What settings are declared with: `setting` for what one is for, kinds of values, and rules between settings. A
 * declaration has the value's own type; that Pulumi gives it as text is decode.ts's affair.
 */

/** What is known of a setting beside its type. */
export interface About {
  /** What it is for, without a full stop. */
  what: string;
  /** What holds where it is not given, unless its type has a default: in words. */
  otherwise?: string;
}

/** What each declared setting is about. */
export const about = z.registry<About>();

/**
 * Declares a setting.
 *
 * @param type what it must be, with its default if that is a value
 * @param what it is for; a subject without a full stop
 * @param otherwise what holds where it is not given, in words, where that is no value
 */
export function setting<T extends z.ZodType>(type: T, what: string, otherwise?: string): T {
  const described = type.describe(otherwise === undefined ? what : `${what}; default: ${otherwise}`);
  about.add(described, otherwise === undefined ? { what } : { what, otherwise });
  return described;
}

/** A rule between settings. */
export interface Rule<Given> {
  /**
   * The settings that it speaks of, by path: `vip`, `nodes[].name`, `guard.giveUp`. One with `?` at its end is looked at
   * for whether it is given, and no further. The rule is judged if all of them are well formed, whatever else is wrong.
   */
  of: readonly string[];
  /**
   * Whether it is judged with those entries of a list that are well formed, whatever the others are. These are gaps
   * then: `map`, `flatMap`, `filter` and `some` pass over them; `find`, `length`, spreading and `for` do not.
   */
  each?: boolean;
  /** Gives the mistakes. It must read nothing of the settings but what `of` names. */
  check: (given: Given) => Mistake[];
}

/** The other form of each secret: what stands in a stack's file as `{secure: ...}`. */
export const encryptedText = z.string().refine(isEncrypted, { abort: true });

/** A text that may stand encrypted in the stack's file: its rules are for those who can read it. */
export const secret = <T extends z.ZodType<string>>(type: T) =>
  z.union([type, encryptedText], {
    error: (issue) => (issue.code === "invalid_union" ? issue.errors[0]?.[0]?.message : undefined),
  });

export const number = (least: number, most: number, unit = "") =>
  z
    .number({ error: `must be a number${unit && ` of${unit}`}` })
    .min(least, { error: `must be at least ${least}${unit}` })
    .max(most, { error: `must be at most ${most}${unit}` });

export const whole = (least: number, most: number, unit = "") => {
  const error = `must be a whole number${unit && ` of${unit}`}`;
  return z
    .number({ error })
    .int({ error })
    .min(least, { error: `must be at least ${least}${unit}` })
    .max(most, { error: `must be at most ${most}${unit}` });
};

export const text = z.string({ error: "must be a text" });

/** An image whose version is said. */
export const pinnedImage = z
  .string({ error: "must be a text: an image with a tag or digest, such as rancher/rancher:v2.12.3" })
  .refine(isPinnedReference, {
    error: "must be an image with a tag or digest, such as rancher/rancher:v2.12.3",
  })
  .refine((text) => parseImage(text).tag !== "latest", {
    error: "must not be `latest`: a failover would then upgrade the datastore; name a version",
  });

export const truth = z.boolean({ error: "must be true or false" });

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

/**
 * A list without the same entry twice; empty if it is not given.
 *
 * @param of what its entries are, as in `a list of registries`
 */
export const list = <T extends z.ZodType>(item: T, { of = "", most = 20 } = {}) =>
  z
    .array(item, { error: `must be a list${of && ` of ${of}`}` })
    .max(most, { error: `must have at most ${most} entries` })
    .refine((items) => new Set(items.map((each) => JSON.stringify(each))).size === items.length, {
      error: "must not have the same entry twice",
    })
    .default([]);

/** Environment variables by name. Each may stand encrypted in the stack's file. */
export const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
  secret(
    z
      .union([z.string(), z.number(), truth], { error: "must be a text" })
      .transform(String)
      .refine((value) => !value.includes("\0"), { error: "must not hold a null byte" }),
  ),
  {
    error: (issue) =>
      issue.code === "invalid_key"
        ? "has a name that is no variable's: letters, digits and underscores, no digit first"
        : "must be values by name",
  },
);

const addressError = "must be an IPv4 address such as 192.168.56.11, without a prefix";

/** An address that a node or a server can have. */
export const address = z
  .string({ error: addressError })
  .refine((value) => ipaddr.IPv4.isValidFourPartDecimal(value), { error: addressError, abort: true })
  .refine((value) => unusableAddress(value) === undefined, {
    error: ({ input }) =>
      `(${String(input)}) is ${unusableAddress(String(input))}: give one that others reach it by`,
  });

/** Whether a path leads where it says. */
export const noDots = (path: string): boolean => !hasDots(path);

export const dotsError = "must not have `.` or `..` between slashes: write where it leads";

const directoryError =
  "must be an absolute path of letters, digits, dots, dashes and underscores, such as /rancher_data";

export const directory = z
  .string({ error: directoryError })
  .regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: directoryError })
  .max(200, { error: "must have at most 200 characters" })
  .refine(noDots, { error: dotsError });

/** Whether what is behind a host's colon is a port. */
export const hasRealPort = (host: string): boolean => {
  const port = /:(\d+)\/?$/.exec(host)?.[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535 && !port.startsWith("0"));
};

/** The words for what is no settings by name, in place of zod's. */
export const settingsByName = (issue: { code?: string | undefined }): string | undefined =>
  issue.code === "invalid_type" ? "must be settings by name" : undefined;

/** Settings by name: those of the shape, and no other. */
export const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: settingsByName });

/**
 * Settings of a page that is asked for.
 *
 * @param port what its port is
 * @param well begins with `What it answers while`
 */
export const pageSettings = (port: string, well: string) =>
  group({
    port: setting(whole(1, 65_535), port),
    path: setting(
      text
        .regex(/^\/[!-~]*$/, { error: "must be a page's path, such as /healthz" })
        .max(500, { error: "must have at most 500 characters" })
        .default("/"),
      "The page's path",
    ),
    tls: setting(truth.default(false), "Asked by HTTPS; its certificate is not looked at"),
    status: setting(list(whole(100, 599), { of: "HTTP statuses" }), well, "200 to 299"),
  });
