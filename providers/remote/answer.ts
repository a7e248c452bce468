import type { z } from "zod";

/**
 * Parses the answer of a node's script: one JSON value, and nothing else.
 *
 * @param script its name, for messages
 * @throws if the answer does not match the schema
 */
export function answerOf<T>(schema: z.ZodType<T>, script: string, stdout: string): T {
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    const said = stdout.trim().slice(0, 200) || "nothing";
    throw new Error(`\`${script}\` printed no JSON: ${said}; is something printed at each login there?`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(
    `\`${script}\` printed something unexpected at \`${issue?.path.join(".")}\`: ${issue?.message}`,
  );
}
