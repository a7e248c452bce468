import { z } from "zod";
import { type Mistake, mistake } from "../domain/mistake";
import { unwrapped } from "./decode";
import type { Rule } from "./values";

/*
 * Settings are checked one by one, by their types, and then together, by rules. A rule is judged if the settings that it
 * speaks of are well formed, so that all mistakes are told at once.
 */

/** `nodes[1].address` for ["nodes", 1, "address"]. */
const pathText = (path: PropertyKey[]): string =>
  path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i ? "." : "") + String(part))).join("");

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names of the settings at a place of a type. */
function knownAt(type: z.ZodType, path: PropertyKey[]): string[] {
  let place = type;
  for (const part of path) {
    if (place instanceof z.ZodArray) place = unwrapped(place.element as z.ZodType);
    else if (place instanceof z.ZodObject) place = unwrapped(place.shape[String(part)] as z.ZodType);
  }
  return place instanceof z.ZodObject ? Object.keys(place.shape) : [];
}

/** Why a name at a path is no setting, if that is worth a word. */
type WhyUnknown = (name: string, path: string) => string | undefined;

/** What zod found, as mistakes. */
const ofTypes = (type: z.ZodType, issues: readonly z.core.$ZodIssue[], whyUnknown: WhyUnknown): Mistake[] =>
  issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [mistake(pathText(issue.path), issue.message)];
    const known = `the settings are ${knownAt(type, issue.path).join(", ")}`;
    return issue.keys.map((key) => {
      const path = pathText([...issue.path, key]);
      const why = whyUnknown(key, path);
      return why === undefined
        ? mistake(path, `is not a setting; ${known}`)
        : mistake(path, "is not a setting", `${why}; ${known}`);
    });
  });

/** As much of a value as its type accepts: what it does not is undefined, and the parts beside it are there. */
function salvaged(type: z.ZodType, value: unknown): unknown {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  const inner = unwrapped(type);
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return value.map((each) => salvaged(inner.element as z.ZodType, each));
  if (inner instanceof z.ZodObject && isTable(value))
    return Object.fromEntries(
      Object.entries<z.ZodType>(inner.shape).map(([name, each]) => [name, salvaged(each, value[name])]),
    );
  return undefined;
}

/** The parts of a rule's path: `nodes`, `[]`, `name` for `nodes[].name`. */
const partsOf = (path: string): string[] => path.match(/\[\]|[^.[\]]+/g) ?? [];

const begins = (one: string[], other: string[]): boolean => one.every((part, i) => part === other[i]);

/** Whether something wrong is in what a rule's path names, or around it. */
function isTouched(path: string, wrong: readonly string[][]): boolean {
  const onlyGiven = path.endsWith("?");
  const parts = partsOf(path.replace(/\?$/, ""));
  return wrong.some((each) => begins(each, parts) || (!onlyGiven && begins(parts, each)));
}

/** Where values are wrong, so that no rule may look there. A setting too many leaves the others well formed. */
const wrongPlaces = (issues: readonly z.core.$ZodIssue[]): string[][] =>
  issues
    .filter(({ code }) => code !== "unrecognized_keys")
    .map(({ path }) => path.map((part) => (typeof part === "number" ? "[]" : String(part))));

/** Values that passed all checks, or everything that is wrong with them. */
export type Checked<T> = { values: T; mistakes?: never } | { values?: never; mistakes: Mistake[] };

/**
 * Checks settings one by one and together.
 *
 * @param whyUnknown says of a name that is no setting why it is none, if that is worth a word
 */
export function checked<T>(
  type: z.ZodType<T>,
  rules: readonly Rule<T>[],
  given: unknown,
  whyUnknown: WhyUnknown = () => undefined,
): Checked<T> {
  const result = type.safeParse(given);
  const issues = result.error?.issues ?? [];
  const wrong = wrongPlaces(issues);
  const readable = (result.success ? result.data : salvaged(type, given)) as T;
  const mistakes = [
    ...ofTypes(type, issues, whyUnknown),
    ...rules
      .filter(({ of }) => !of.some((path) => isTouched(path, wrong)))
      .flatMap(({ check }) => check(readable)),
  ];
  return result.success && mistakes.length === 0 ? { values: result.data } : { mistakes };
}
