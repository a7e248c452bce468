import { isObject, same, type Value, type Values } from "./values";

/** One property that differs. */
export interface Change {
  /** The property's path in Pulumi's form: `connection.host`, `triggers[0]`, `environment["a-b"]`. */
  path: string;
  kind: "add" | "delete" | "update";
  /** Whether the resource must be replaced for it. */
  replace: boolean;
}

const member = (path: string, name: string): string => {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
};

/**
 * The differences between two property bags, at the leaves, like Pulumi's own object diff: arrays are compared by
 * index. A value that exists on one side only is one difference, whatever is in it.
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
