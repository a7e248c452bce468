import ipaddr from "ipaddr.js";
import { z } from "zod";

/*
 * Kinds of values that settings are made of. At the top of a stack's file everything arrives as text, so those that
 * say `FromText` turn it into what it means; within lists and objects, which arrive as JSON, values have their types.
 */

export const number = (least: number, most: number, unit = "") =>
  z
    .number({ error: `must be a number${unit && ` of${unit}`}` })
    .min(least, { error: `must be at least ${least}${unit}` })
    .max(most, { error: `must be at most ${most}${unit}` });

export const whole = (least: number, most: number, unit = "") =>
  number(least, most, unit).int({ error: `must be a whole number${unit && ` of${unit}`}` });

export const wholeFromText = (least: number, most: number, unit = "") =>
  z.coerce
    .number({ error: `must be a whole number${unit}` })
    .int({ error: `must be a whole number${unit}` })
    .min(least, { error: `must be at least ${least}${unit}` })
    .max(most, { error: `must be at most ${most}${unit}` });

export const text = z.string({ error: "must be a text" });

export const truth = z.boolean({ error: "must be true or false" });

export const truthFromText = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((text) => text === "true");

/** A list without the same entry twice; empty if it is not given. */
export const list = <T extends z.ZodType>(item: T, most = 20) =>
  z
    .array(item, { error: "must be a list" })
    .max(most, { error: `must have at most ${most} entries` })
    .refine((items) => new Set(items.map((each) => JSON.stringify(each))).size === items.length, {
      error: "must not have the same entry twice",
    })
    .default([]);

const addressError = "must be an IPv4 address such as 192.168.56.11, without a prefix";

export const address = z
  .string({ error: addressError })
  .refine((value) => ipaddr.IPv4.isValidFourPartDecimal(value), { error: addressError });

export const directory = z.string().regex(/^(\/[A-Za-z0-9._-]+)+$/, {
  error: "must be an absolute path of letters, digits, dots, dashes and underscores, such as /rancher_data",
});

/** `must be a list of settings by name` instead of zod's words for the wrong type. */
export const settingsByName = (issue: { code?: string | undefined }): string | undefined =>
  issue.code === "invalid_type" ? "must be a list of settings by name" : undefined;
