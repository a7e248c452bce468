import { closest } from "../domain/closest";
import { type Mistake, mistake } from "../domain/mistake";
import { pathText } from "../domain/setting-path";

/** The project's name, which is also the namespace of its settings: `ha-rancher:vip`. */
export const namespace = "ha-rancher";

/** Namespaces of others in a stack's file: Pulumi's own, and those of the providers that this program uses. */
export const namespacesOfOthers: readonly string[] = ["pulumi", "docker", "command"];

/** The settings of this program among all values of a stack, and what is wrong with the names of the others. */
export interface OwnSettings<Value> {
  /** By name without the namespace. Those whose namespace is missing or wrong are among them, to be judged with them. */
  own: Record<string, Value>;
  mistakes: Mistake[];
}

/** Why a name with a strange namespace, or none, is not read. */
function strange(key: string, name: string, names: readonly string[]): Mistake {
  const known = names.includes(name) ? name : closest(name, names);
  const shown = pathText([key]);
  if (!key.includes(":"))
    return mistake(shown, `must be written \`${namespace}:${shown}\`, with its namespace`);
  return mistake(
    shown,
    `is in a namespace that nothing here reads (${[namespace, ...namespacesOfOthers].join(", ")} are read)`,
    known === undefined ? "remove it" : `write \`${namespace}:${known}\``,
  );
}

/**
 * Tells the settings of this program from those of others.
 *
 * @param all by name with namespace
 * @param names of the settings that there are
 */
export function ownSettings<Value>(
  all: Record<string, Value>,
  names: readonly string[] = [],
): OwnSettings<Value> {
  const mistakes: Mistake[] = [];
  // Maps: `__proto__` is a name like any other.
  const own = new Map<string, Value>();
  const nearly = new Map<string, Value>();
  for (const [key, value] of Object.entries(all)) {
    const [, space, name = ""] = /^(?:([^:]*):)?(.*)$/s.exec(key) ?? [];
    if (space === namespace) own.set(name, value);
    else if (space === undefined || !namespacesOfOthers.includes(space)) {
      mistakes.push(strange(key, name, names));
      if (names.includes(name)) nearly.set(name, value);
    }
  }
  return { own: Object.fromEntries([...nearly, ...own]), mistakes };
}
