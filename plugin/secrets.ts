import { secretSignature, signatureKey } from "../local/pulumi/values";

/*
 * Secrets as Pulumi's engine passes them to a plugin that takes them: each in an envelope. The implementations of resources
 * work with what is in it, and what comes of a secret input is given back in an envelope again.
 */

type Value = unknown;
type Values = Record<string, Value>;

const isEnvelope = (value: object): value is { value: Value } =>
  (value as Values)[signatureKey] === secretSignature && "value" in value;

/** A value without envelopes, however deep they are. */
function opened(value: Value): Value {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== "object" || value === null) return value;
  if (isEnvelope(value)) return opened(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

const hasEnvelope = (value: Value): boolean =>
  typeof value === "object" &&
  value !== null &&
  (isEnvelope(value) || Object.values(value).some(hasEnvelope));

/** Properties without envelopes. */
export const open = <T extends Values>(properties: T): T => opened(properties) as T;

/** The names of properties that have a secret. */
export const secretNames = (...all: Values[]): Set<string> =>
  new Set(all.flatMap((each) => Object.keys(each).filter((key) => hasEnvelope(each[key]))));

/** Puts the properties of these names into envelopes. */
export const close = (properties: object, names: ReadonlySet<string>): Values =>
  Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      names.has(key) && value !== undefined ? { [signatureKey]: secretSignature, value } : value,
    ]),
  );
