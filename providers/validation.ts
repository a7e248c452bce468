import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { unknownValue } from "../local/pulumi/values";

/** Whether the value at a path, or a value on the way to it, is not known yet. */
function isUnknown(value: unknown, path: readonly PropertyKey[]): boolean {
  if (value === unknownValue) return true;
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== "object" || value === null) return false;
  return isUnknown((value as Record<PropertyKey, unknown>)[key], rest);
}

const named = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, key) =>
      typeof key === "number" ? `${name}[${key}]` : name ? `${name}.${String(key)}` : String(key),
    "",
  );

/**
 * A resource's `check`: fills in defaults and reports all mistakes at once. Values that a preview does not know yet are
 * not checked.
 *
 * @param schema its messages continue the sentence that starts with the property's name: "must be ..."
 * @param news the inputs from the program
 * @param defaults for the inputs that are not given
 */
export function checkInputs(
  schema: z.ZodType,
  news: object,
  defaults: object = {},
): pulumi.dynamic.CheckResult {
  const given = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
  const inputs = { ...defaults, ...given };
  const failures = (schema.safeParse(inputs).error?.issues ?? [])
    .filter((issue) => !isUnknown(inputs, issue.path))
    .map((issue) => {
      const property = named(issue.path);
      const message = issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message;
      return { property, reason: `\`${property}\` ${message}` };
    });
  return { inputs, failures };
}
