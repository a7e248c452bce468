import { stringify } from "yaml";
import { z } from "zod";
import { namespace, settingsSchema } from ".";

/*
 * What other programs are told of the settings, made from the schema that checks them: a JSON schema for editors, and
 * the typed `config:` of Pulumi.yaml.
 */

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A value that Pulumi has encrypted, as it stands in a stack's file. */
const secure: JsonSchema = {
  type: "object",
  properties: { secure: { type: "string" } },
  required: ["secure"],
  additionalProperties: false,
};

/** Text in the settings because everything at the top is; in the file it is what it means. */
function asWritten(schema: JsonSchema): void {
  if (JSON.stringify(schema.enum) === '["true","false"]') {
    schema.type = "boolean";
    delete schema.enum;
  }
}

/** JSON schema of the settings, by name without the namespace. */
export function settingsJsonSchema(): JsonSchema & {
  properties: Record<string, JsonSchema>;
  required: string[];
} {
  const schema = z.toJSONSchema(settingsSchema, {
    target: "draft-7",
    // What stands in the file, not what the checks make of it.
    io: "input",
    override: ({ jsonSchema, path }) => {
      asWritten(jsonSchema);
      if (path.at(-1) === "privateKey") {
        const { description, ...text } = { ...jsonSchema };
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
        Object.assign(jsonSchema, { description, anyOf: [text, secure] });
      }
      // The ends of what numbers can be say nothing to a reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const { properties = {}, required = [] } = schema;
  return { ...schema, properties: properties as Record<string, JsonSchema>, required };
}

/** The schema of a stack's file, Pulumi.<stack>.yaml. */
export function stackFileSchema(): JsonSchema {
  const { properties, required } = settingsJsonSchema();
  const named = (name: string): string => `${namespace}:${name}`;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A stack of ha-rancher",
    description: "Made by `npm run schema` from settings/: change it there.",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [named(name), each])),
        required: required.map(named),
        // Settings of Pulumi itself and of its providers.
        patternProperties: { [`^(?!${namespace}:)`]: {} },
        additionalProperties: false,
      },
    },
    required: ["config"],
  };
}

/** A setting as Pulumi.yaml declares it. */
interface Declared {
  type: "string" | "integer" | "boolean" | "array" | "object";
  items?: { type: string };
  description?: string | undefined;
  default?: unknown;
}

function typeOf(schema: JsonSchema): Declared["type"] {
  const { type } = schema;
  return type === "integer" || type === "boolean" || type === "array" || type === "object" ? type : "string";
}

function declared(schema: JsonSchema, isRequired: boolean): Declared {
  const { description } = schema;
  const type = typeOf(schema);
  if (type === "array") {
    const items = { type: typeOf((schema.items as JsonSchema | undefined) ?? {}) };
    return { type, items, description, ...(isRequired ? {} : { default: [] }) };
  }
  // What is in it has its own defaults.
  if (type === "object") return { type, description, ...(isRequired ? {} : { default: {} }) };
  if (isRequired) return { type, description };
  const value = schema.default;
  // Pulumi wants each setting that has no default. Empty text stands for "not given", and only text can be empty.
  return value === undefined || typeof value !== type.replace("integer", "number")
    ? { type: "string", description, default: value === undefined ? "" : String(value) }
    : { type, description, default: value };
}

/** The typed settings for Pulumi.yaml, as YAML without the key `config`. */
export function projectConfig(): string {
  const { properties, required } = settingsJsonSchema();
  const config = Object.fromEntries(
    Object.entries(properties).map(([name, each]) => [name, declared(each, required.includes(name))]),
  );
  return stringify(config, { lineWidth: 0 });
}

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

/** Names of settings that say nothing of themselves. */
export const undescribed = (): string[] =>
  Object.entries(settingsJsonSchema().properties).flatMap(([name, { description }]) =>
    description ? [] : [name],
  );
