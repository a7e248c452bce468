import { z } from "zod";
import { closest } from "../domain/closest";
import { type Mistake, mistake } from "../domain/mistake";
import { partsOfPath, pathText } from "../domain/setting-path";
import { unwrapped } from "./decode";
import type { Rule } from "./values";

/*
 * Settings are checked one by one, by their types, and then together, by rules. A rule is judged if the settings that it
 * speaks of are well formed, so that all mistakes are told at once.
 */

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

/** Beyond so many names nobody reads them in a message. */
const mostNames = 20;

/** A mistake about a name that is no setting. */
function noSetting(path: string, name: string, known: string[], why: string | undefined): Mistake {
  if (why !== undefined) return mistake(path, "is not a setting", why);
  const near = closest(name, known);
  const isShort = known.length <= mostNames;
  const wayOut =
    near !== undefined ? `did you mean \`${near}\`?` : isShort ? undefined : "docs/settings.md lists all";
  const rule = isShort ? `is not a setting; the settings are ${known.join(", ")}` : "is not a setting";
  return mistake(path, rule, wayOut);
}

/** What zod found, as mistakes. */
const ofTypes = (type: z.ZodType, issues: readonly z.core.$ZodIssue[], whyUnknown: WhyUnknown): Mistake[] =>
  issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [mistake(pathText(issue.path), issue.message)];
    const known = knownAt(type, issue.path);
    return issue.keys.map((key) => {
      const path = pathText([...issue.path, key]);
      return noSetting(path, key, known, whyUnknown(key, path));
    });
  });

/**
 * What is wrong with lists as such, such as their length: zod does not look at that if something is wrong within them.
 */
function listIssues(type: z.ZodType, value: unknown, path: PropertyKey[] = []): z.core.$ZodIssue[] {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const lenient = inner.clone({ ...inner.def, element: z.any() });
    return [
      ...(lenient.safeParse(value).error?.issues ?? []).map((issue) => ({ ...issue, path })),
      ...value.flatMap((each, i) => listIssues(inner.element as z.ZodType, each, [...path, i])),
    ];
  }
  if (inner instanceof z.ZodObject && isTable(value))
    return Object.entries<z.ZodType>(inner.shape).flatMap(([name, each]) =>
      listIssues(each, value[name], [...path, name]),
    );
  return [];
}

/** All that zod finds, each once. */
function issuesOf(type: z.ZodType, given: unknown, found: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const known = new Set(found.map(({ path, message }) => `${pathText(path)} ${message}`));
  const further = found.length === 0 ? [] : listIssues(type, given);
  return [...found, ...further.filter(({ path, message }) => !known.has(`${pathText(path)} ${message}`))];
}

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

const anyEntry = (part: PropertyKey): string => (typeof part === "number" ? "[]" : String(part));

const begins = (one: string[], other: string[]): boolean => one.every((part, i) => part === other[i]);

/** Something wrong, as rules look at it. */
interface Wrong {
  path: PropertyKey[];
  /** Whether a list is wrong, such as too short, and not what is in it. */
  isList: boolean;
}

/** Where values are wrong, so that no rule may look there. A setting too many leaves the others well formed. */
const wrongPlaces = (
  issues: readonly z.core.$ZodIssue[],
  given: unknown,
  unread: readonly Mistake[],
): Wrong[] => [
  ...unread.map(({ path }) => ({ path: partsOfPath(path), isList: false })),
  ...issues
    .filter(({ code }) => code !== "unrecognized_keys")
    .map(({ path, code }) => ({
      path,
      // A list where something else must stand is wrong by its type, and is no list that rules could look into.
      isList: !["invalid_type", "invalid_union"].includes(code) && Array.isArray(valueAt(given, path)),
    })),
];

const valueAt = (given: unknown, path: PropertyKey[]): unknown =>
  path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], given);

/** Whether something wrong is in what a rule's path names, or around it. */
function touches(path: string, wrong: Wrong): boolean {
  const onlyGiven = path.endsWith("?");
  const parts = partsOf(path.replace(/\?$/, ""));
  const place = wrong.path.map(anyEntry);
  return begins(place, parts) || (!onlyGiven && begins(parts, place));
}

/** The entry of a list that something wrong is in, where the list is one of the rule's; undefined if it is in none. */
function entryOf(path: string, wrong: Wrong): PropertyKey[] | undefined {
  const depth = partsOf(path).indexOf("[]");
  return depth < 0 || typeof wrong.path[depth] !== "number" ? undefined : wrong.path.slice(0, depth + 1);
}

/** A copy without some entries of its lists: each leaves a gap, so that the others keep their numbers. */
function without(value: unknown, entries: PropertyKey[][]): unknown {
  const copy = structuredClone(value);
  for (const entry of entries) {
    const list = valueAt(copy, entry.slice(0, -1));
    if (Array.isArray(list)) delete list[Number(entry.at(-1))];
  }
  return copy;
}

/** What a rule finds in what is well formed. */
function judged<T>({ of, check, each = false }: Rule<T>, readable: T, wrong: readonly Wrong[]): Mistake[] {
  const gaps: PropertyKey[][] = [];
  for (const path of of)
    for (const place of wrong) {
      if (!touches(path, place) || (each && place.isList)) continue;
      const entry = each ? entryOf(path, place) : undefined;
      if (!entry) return [];
      gaps.push(entry);
    }
  return check(gaps.length === 0 ? readable : (without(readable, gaps) as T));
}

/** Values that passed all checks, or everything that is wrong with them. */
export type Checked<T> = { values: T; mistakes?: never } | { values?: never; mistakes: Mistake[] };

/** What is known beside the values. */
interface Known {
  /** Says of a name that is no setting why it is none, if that is worth a word. */
  whyUnknown?: WhyUnknown;
  /** What could not be read and was told already: it is missing among the values. */
  unread?: readonly Mistake[];
}

/** Checks settings one by one and together. */
export function checked<T>(
  type: z.ZodType<T>,
  rules: readonly Rule<T>[],
  given: unknown,
  { whyUnknown = () => undefined, unread = [] }: Known = {},
): Checked<T> {
  const result = type.safeParse(given);
  const issues = issuesOf(type, given, result.error?.issues ?? []);
  const wrong = wrongPlaces(issues, given, unread);
  const told = new Set(unread.map(({ path }) => path));
  const wellFormed = (result.success ? result.data : salvaged(type, given)) as T;
  const mistakes = [
    ...ofTypes(type, issues, whyUnknown).filter(({ path }) => !told.has(path)),
    ...rules.flatMap((rule) => judged(rule, wellFormed, wrong)),
  ];
  return result.success && mistakes.length === 0 ? { values: result.data } : { mistakes };
}
