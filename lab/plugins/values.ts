import { unknownOthers, unknownValue } from "../../local/pulumi/values";

/** A property's value: JSON, which Pulumi passes in a protobuf Struct. */
export type Value = null | boolean | number | string | Value[] | Values;
export interface Values {
  [name: string]: Value;
}

const unknowns: ReadonlySet<unknown> = new Set([unknownValue, ...Object.values(unknownOthers)]);

export const isUnknown = (value: unknown): boolean => unknowns.has(value);

export const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether two values are equal; the order of objects' members does not matter. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
    );
  }
  return false;
}

/** Properties without those that are absent (null) or Pulumi's own bookkeeping (`__defaults`, `__meta`). */
export function plain(values: Values): Values {
  const kept: Values = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && !name.startsWith("__")) kept[name] = plainValue(value);
  }
  return kept;
}

function plainValue(value: Value): Value {
  if (Array.isArray(value)) return value.map(plainValue);
  return isObject(value) ? plain(value) : value;
}
