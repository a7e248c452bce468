import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../system/root";
import { Failure } from "./errors";

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

/** The file with a stack's settings. */
export function existingStackFile(stack: string): string {
  const file = stackFile(stack);
  if (existsSync(file)) return file;
  const others = readdirSync(packageRoot).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
  throw new Failure(
    `there is no Pulumi.${stack}.yaml with the settings of the stack \`${stack}\`. ` +
      (others.length > 0
        ? `Choose one of ${others.join(", ")} with \`--stack\`, or copy its file.`
        : "Write one: it needs `ha-rancher:vip` and `ha-rancher:nodes`."),
  );
}

/** `secure:` marks a setting that is encrypted with that very salt. */
const salt = /^encryptionsalt: \S+\n?/m;

/**
 * Runs Pulumi and leaves the stack's file as it was: Pulumi adds an `encryptionsalt` to it, which would show up as
 * a change of a file under version control, and is of no use in another clone. The state has the salt as well
 * (PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER makes Pulumi look there). A file that has a salt, or encrypted
 * settings, keeps it.
 */
export async function keepingStackFile<T>(file: string, action: () => Promise<T>): Promise<T> {
  const read = (): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  const before = read();
  try {
    return await action();
  } finally {
    const after = read();
    if (before !== undefined && after !== undefined && !salt.test(before) && !/\bsecure:/.test(after)) {
      const cleaned = after.replace(salt, "");
      if (cleaned !== after) writeFileSync(file, cleaned);
    }
  }
}
