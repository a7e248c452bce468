import { z } from "zod";

/*
 * Everything at the top of a stack's settings comes as text: what is no text as Pulumi writes it, lists and objects as
 * JSON. What a text means follows from the type that the setting is declared with.
 */

/**
 * What Pulumi.yaml has as the default of settings that need not be given. Pulumi refuses a stack that lacks a setting
 * which its typed config declares without a default, and knows no optional ones, so that "not given" must be a value
 * there. Nothing of it is a default of ours: those are in the declarations alone.
 */
export const notGiven = { string: "", array: [], object: {} } as const;

const isNotGiven = (text: string): boolean =>
  text === notGiven.string || text === JSON.stringify(notGiven.object);

/** The type itself, without its default and whether it may be left out. */
export const unwrapped = (type: z.ZodType): z.ZodType =>
  type instanceof z.ZodDefault || type instanceof z.ZodOptional
    ? unwrapped(type.unwrap() as z.ZodType)
    : type;

/** A list or settings by name, which come as JSON. */
export const isStructured = (type: z.ZodType): boolean =>
  type instanceof z.ZodArray || type instanceof z.ZodObject || type instanceof z.ZodRecord;

/** Numbers in plain digits: no other base, no sign but a minus, no blanks; an exponent as Pulumi writes large ones. */
const numberForm = /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?(e[+-]\d{2})?$/;

/** More of them are no settings: what is nested that deep takes the stack of whoever walks through it. */
const mostBrackets = 2_000;

/** What a text means for a type. Where it means nothing it stays as it is, and the type's own rule refuses it. */
function meaningOf(declared: z.ZodType | undefined, text: string): unknown {
  const type = declared && unwrapped(declared);
  if (!type) return text;
  if (type instanceof z.ZodBoolean) return text === "true" ? true : text === "false" ? false : text;
  if (type instanceof z.ZodNumber) return numberForm.test(text) ? Number(text) : text;
  if (!isStructured(type) || (text.match(/[[{]/g)?.length ?? 0) > mostBrackets) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The values of settings that are given as text.
 *
 * @param raw by name
 * @param types how each is declared; what is not declared stays text
 */
export const decoded = (
  raw: Record<string, string>,
  types: Record<string, z.ZodType>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(raw).flatMap(([name, text]) =>
      isNotGiven(text) ? [] : [[name, meaningOf(Object.hasOwn(types, name) ? types[name] : undefined, text)]],
    ),
  );
