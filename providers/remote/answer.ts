import type { z } from "zod";
import { shownLine, shownValue } from "../../domain/shown-text";

/** Characters that an answer may have: a node has a screenful to say, and a file or two. */
const longest = 1024 * 1024;
/** Brackets that it may have: more is nested deeper than what reads it can bear. */
const mostBrackets = 20_000;

const isTooLarge = (stdout: string): boolean =>
  stdout.length > longest || (stdout.match(/[[{]/g)?.length ?? 0) > mostBrackets;

/**
 * Parses the answer of a node's script: one JSON value, and nothing else. Its texts are the node's: what is shown of them
 * goes through domain/shown-text.
 *
 * @param script its name, for messages
 * @throws if the answer is too large, or does not match the schema
 */
export function answerOf<T>(schema: z.ZodType<T>, script: string, stdout: string): T {
  if (isTooLarge(stdout)) throw new Error(`\`${script}\` printed more than any answer has`);
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    const said = shownLine(stdout, 200) || "nothing";
    throw new Error(`\`${script}\` printed no JSON: ${said}; is something printed at each login there?`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = shownLine(issue?.path.map(String).join(".") ?? "", 100);
  throw new Error(`\`${script}\` printed something unexpected at \`${where}\`: ${issue?.message}`);
}

/** Like {@link answerOf}, for an answer that is shown: each text in it is one line without control characters. */
export const shownAnswerOf = <T>(schema: z.ZodType<T>, script: string, stdout: string): T =>
  shownValue(answerOf(schema, script, stdout));
