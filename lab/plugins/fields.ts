import type { Failure } from "./plugin";
import { isObject, isUnknown, type Value, type Values } from "./values";

/** The allowed values of a property. Values that are not known yet pass. */
export type Field = {
  required?: true;
  /** Filled in when the property is absent. */
  default?: Value;
  /** Returns the mistake in a value of the right shape; undefined if there is none. */
  rule?: (value: never) => string | undefined;
} & (
  | { is: "boolean" | "number" | "string" | "anything" }
  | { is: "list" | "map"; of: Field }
  | { is: "object"; fields: Fields }
  /** Known to the official plugin but not implemented here: only `allowed` passes, since it changes nothing. */
  | { is: "refused"; allowed?: readonly Value[]; instead: string }
);

export type Fields = Readonly<Record<string, Field>>;

/**
 * Checks properties against their fields, fills in defaults, and reports all mistakes. A property that is not
 * implemented is refused, never ignored.
 *
 * @param package_ the stand-in's package, for messages
 */
export function checkFields(
  package_: string,
  fields: Fields,
  values: Values,
): { inputs: Values; failures: Failure[] } {
  const failures: Failure[] = [];
  const inputs = objectOf(package_, fields, values, "", failures);
  return { inputs, failures };
}

function objectOf(
  package_: string,
  fields: Fields,
  values: Values,
  path: string,
  failures: Failure[],
): Values {
  const result: Values = {};
  for (const [name, value] of Object.entries(values)) {
    // Pulumi's own properties, which every provider gets.
    if (value === null || name.startsWith("__")) continue;
    const at = path ? `${path}.${name}` : name;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field) result[name] = checkValue(package_, field, value, at, failures);
    else failures.push(refusal(package_, at, "leave it out"));
  }
  for (const [name, field] of Object.entries(fields)) {
    if (name in result) continue;
    const at = path ? `${path}.${name}` : name;
    if (field.default !== undefined) result[name] = field.default;
    else if (field.required) failures.push({ property: at, reason: `\`${at}\` is missing: set it` });
  }
  return result;
}

function refusal(package_: string, property: string, instead: string): Failure {
  return {
    property,
    reason:
      `\`${property}\` is not implemented by the offline stand-in for Pulumi's ${package_} plugin: ` +
      `${instead}, or install the official plugin where there is internet access`,
  };
}

function checkValue(package_: string, field: Field, value: Value, at: string, failures: Failure[]): Value {
  if (isUnknown(value)) return value;
  const wrong = (reason: string): Value => {
    failures.push({ property: at, reason });
    return value;
  };
  if (field.is === "refused") {
    if (!field.allowed?.includes(value)) failures.push(refusal(package_, at, field.instead));
    return value;
  }
  let checked = value;
  const before = failures.length;
  if (field.is === "list") {
    if (!Array.isArray(value)) return wrong(`\`${at}\` must be a list`);
    checked = value.map((item, index) => checkValue(package_, field.of, item, `${at}[${index}]`, failures));
  } else if (field.is === "map" || field.is === "object") {
    if (!isObject(value)) return wrong(`\`${at}\` must be an object`);
    checked =
      field.is === "object"
        ? objectOf(package_, field.fields, value, at, failures)
        : Object.fromEntries(
            Object.entries(value).map(([key, item]) => [
              key,
              checkValue(package_, field.of, item, `${at}.${key}`, failures),
            ]),
          );
  } else if (field.is !== "anything" && typeof value !== field.is) {
    // The value itself is not shown: it may be a secret.
    return wrong(`\`${at}\` must be a ${field.is}, not a ${Array.isArray(value) ? "list" : typeof value}`);
  }
  if (failures.length > before) return checked;
  const reason = field.rule?.(checked as never);
  return reason === undefined ? checked : wrong(`\`${at}\` ${reason}`);
}

/** A rule: the value is one of these. */
export const oneOf =
  (...values: readonly string[]) =>
  (value: string): string | undefined =>
    values.includes(value) ? undefined : `must be one of ${values.join(", ")}, not ${JSON.stringify(value)}`;

/** A rule: a whole number in a range. */
export const whole =
  (from: number, to = Number.MAX_SAFE_INTEGER) =>
  (value: number): string | undefined =>
    Number.isInteger(value) && value >= from && value <= to
      ? undefined
      : `must be a whole number ${to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`}, not ${value}`;
