import type { z } from "zod";

/**
 * What a node's script answered: one JSON value, and nothing else.
 *
 * @param script its name, for messages
 * @throws if it is not as the schema says
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
