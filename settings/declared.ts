import { posix } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { isStructured, notGiven, unwrapped } from "./decode";
import { settingsSchema } from "./schema";
import { about } from "./values";

/*
 * What is made from the declarations of the settings for Pulumi and for readers: the typed `config:` of Pulumi.yaml, and
 * the table of all settings.
 */

/** A setting as others are told of it. */
interface Declared {
  name: string;
  type: z.ZodType;
  what: string;
  /** What holds where it is not given, as Markdown; undefined if it must be given. */
  otherwise: string | undefined;
}

/** What holds where a setting is not given: as said, else its default. */
function otherwiseOf(type: z.ZodType): string | undefined {
  const said = about.get(type)?.otherwise;
  if (said !== undefined || !(type instanceof z.ZodDefault)) return said;
  const value: unknown = type.parse(undefined);
  return Array.isArray(value) && value.length === 0 ? "none" : `\`${String(value)}\``;
}

const declared: readonly Declared[] = Object.entries<z.ZodType>(settingsSchema.shape).map(([name, type]) => ({
  name,
  type,
  what: about.get(type)?.what ?? "",
  otherwise: otherwiseOf(type),
}));

/** Names of settings that do not say what they are, or what holds where they are not given. */
export const undescribed = (): string[] =>
  declared.flatMap(({ name, type, what, otherwise }) =>
    what === "" || (otherwise === undefined && type.safeParse(undefined).success) ? [name] : [],
  );

/** The type as Pulumi's configuration knows it. Whatever is no list and no object is text there. */
function pulumiType(type: z.ZodType): { type: keyof typeof notGiven; items?: { type: "string" | "object" } } {
  const own = unwrapped(type);
  if (own instanceof z.ZodArray)
    return { type: "array", items: { type: isStructured(own.element as z.ZodType) ? "object" : "string" } };
  return { type: isStructured(own) ? "object" : "string" };
}

/** A setting as Pulumi.yaml declares it. What must be given has no default there; all else is "not given". */
function projectSetting({ type, what, otherwise }: Declared): object {
  const kind = pulumiType(type);
  return otherwise === undefined
    ? { ...kind, description: what }
    : { ...kind, description: `${what}; default: ${otherwise}`, default: notGiven[kind.type] };
}

/** The typed settings for Pulumi.yaml, as YAML without the key `config`. */
const projectConfig = (): string =>
  stringify(Object.fromEntries(declared.map((each) => [each.name, projectSetting(each)])), {
    lineWidth: 0,
    // Each list and object of its own, without YAML's references.
    aliasDuplicateObjects: false,
  });

const beginning = /^config:\n/m;

/**
 * A Pulumi.yaml with the present settings. `config` must be its last part.
 *
 * @throws if it has no `config:`
 */
export function projectFile(present: string): string {
  const found = beginning.exec(present);
  if (!found)
    throw new Error("Pulumi.yaml has no `config:` at the beginning of a line: add one as its last part");
  const indented = projectConfig().replace(/^(?=.)/gm, "  ");
  return present.slice(0, found.index + found[0].length) + indented;
}

/** A cell's text; pages of the documentation become links, from the folder of the table's page. */
const cell = (text: string): string =>
  text
    .replaceAll("|", "\\|")
    .replace(/\b(?:docs|workloads)\/[\w/-]+\.md/g, (page) => `[${page}](${posix.relative("docs", page)})`);

/** All settings as a table in Markdown. */
const settingsTable = (): string =>
  [
    "| setting | default | what it is |",
    "|---|---|---|",
    ...declared.map(
      ({ name, what, otherwise = "must be given" }) => `| \`${name}\` | ${cell(otherwise)} | ${cell(what)} |`,
    ),
  ].join("\n");

const table = /(<!-- settings -->\n)[\s\S]*?(<!-- \/settings -->)/;

/**
 * A text in Markdown with the present table of settings between its markers.
 *
 * @throws if it has no markers
 */
export function withSettingsTable(present: string): string {
  if (!table.test(present))
    throw new Error(
      "there is no `<!-- settings -->` and `<!-- /settings -->`: add both, each on its own line",
    );
  return present.replace(table, (_, start: string, end: string) => `${start}${settingsTable()}\n${end}`);
}
