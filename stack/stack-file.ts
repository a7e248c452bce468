import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../domain/closest";
import { callOf } from "../local/called";
import { Failure } from "../local/errors";
import { packageRoot } from "../local/root";

/** Pulumi's own rule for a stack's name. */
const stackName = /^[A-Za-z0-9_.-]{1,100}$/;

/** The file with a stack's settings, whether it exists or not. */
export function stackFile(stack: string): string {
  if (!stackName.test(stack)) {
    throw new Failure(
      `\`--stack\` must be a name of letters, digits, dots, dashes and underscores, not ${JSON.stringify(stack)}`,
      2,
    );
  }
  return join(packageRoot, `Pulumi.${stack}.yaml`);
}

/** The stacks that have a file here. */
export const writtenStacks = (): string[] =>
  readdirSync(packageRoot).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);

/** The file with a stack's settings. */
export function existingStackFile(stack: string): string {
  const file = stackFile(stack);
  if (existsSync(file)) return file;
  const others = writtenStacks();
  throw new Failure(
    `there is no Pulumi.${stack}.yaml with the settings of the stack \`${stack}\`. ` +
      (others.length > 0
        ? `Choose one of ${others.join(", ")} with \`--stack\`, or write one with \`${callOf("new-stack", stack)}\`${didYouMean(stack, others)}`
        : `\`${callOf("new-stack")}\` writes one.`),
  );
}
