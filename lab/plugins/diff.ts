import { isObject, same, type Value, type Values } from "./values";

/** One property that differs. */
export interface Change {
  /** As Pulumi writes property paths: `connection.host`, `triggers[0]`, `environment["a-b"]`. */
  path: string;
  kind: "add" | "delete" | "update";
  /** Whether the resource must be made anew for it. */
  replace: boolean;
}

const member = (path: string, name: string): string => {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
};

/**
 * The differences between two property bags, at the leaves, as Pulumi's own object diff gives them: an array is
 * compared by index, and what is there on one side only is named without going into it.
 */
export function changes(olds: Values, news: Values): Change[] {
  const found: Change[] = [];
  objectChanges("", olds, news, found);
  return found;
}

function objectChanges(path: string, olds: Values, news: Values, found: Change[]): void {
  for (const name of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    valueChanges(member(path, name), olds[name], news[name], found);
  }
}

function valueChanges(path: string, old: Value | undefined, now: Value | undefined, found: Change[]): void {
  if (same(old, now)) return;
  if (isObject(old) && isObject(now)) {
    objectChanges(path, old, now, found);
  } else if (Array.isArray(old) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      valueChanges(`${path}[${index}]`, old[index], now[index], found);
    }
  } else {
    const kind = old === undefined ? "add" : now === undefined ? "delete" : "update";
    found.push({ path, kind, replace: false });
  }
}

/** The top-level property that a path is in. */
export const topLevel = (path: string): string => /^[\w$]+/.exec(path)?.[0] ?? path;
