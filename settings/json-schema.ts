import { z } from "zod";
import { namespace, namespacesOfOthers } from "./own-settings";
import { settingsSchema } from "./schema";
import { encryptedText } from "./values";

/* What editors are told of the settings: a JSON schema, made from the declarations that check them. */

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A value that Pulumi has encrypted, as it stands in a stack's file. */
const secure: JsonSchema = {
  type: "object",
  properties: { secure: { type: "string" } },
  required: ["secure"],
  additionalProperties: false,
};

/** JSON schema of the settings, by name without the namespace. */
function settingsJsonSchema(): JsonSchema & {
  properties: Record<string, JsonSchema>;
  required: string[];
} {
  const schema = z.toJSONSchema(settingsSchema, {
    target: "draft-7",
    // What stands in the file, not what the checks make of it.
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === encryptedText) {
        delete jsonSchema.type;
        Object.assign(jsonSchema, secure);
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
        patternProperties: { [`^(${namespacesOfOthers.join("|")}):`]: {} },
        additionalProperties: false,
      },
    },
    required: ["config"],
  };
}
