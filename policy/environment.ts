import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOf } from "../domain/environment";
import { hostVariables } from "../local/pulumi/variables";
import { packageRoot } from "../local/root";
import { ownSettings, settingsText } from "../settings/stack-file";
import type { Surroundings } from "./pack";

/** A stack's settings as text, by name. */
function fromStackFile(stack: string): Record<string, string> {
  const file = join(packageRoot, `Pulumi.${stack}.yaml`);
  try {
    return settingsText(readFileSync(file, "utf8"), file);
  } catch {
    return {}; // Another program's stack, or a file that its own `up` refuses.
  }
}

/**
 * What a policy pack's process is told of the update that it judges. Pulumi 3.220 tells stack, settings and kind of
 * operation in the environment. Later ones tell nothing, so that `npm run up` and `npm run shell` name the stack in
 * `PULUMI_STACK`; without that the strictest levels apply, and what only an update can be judged by is not judged.
 */
export function surroundingsOf(env: NodeJS.ProcessEnv): Surroundings {
  const stack = env[hostVariables.stack] ?? env.PULUMI_STACK;
  const isPreview = env[hostVariables.isPreview] !== "false";
  if (!stack) return { environment: "prod", isPreview };
  const settings = env[hostVariables.settings];
  const { environment, nodes } = settings
    ? ownSettings(JSON.parse(settings) as Record<string, string>)
    : fromStackFile(stack);
  return { environment: environmentOf(stack, environment, list(nodes)), isPreview };
}

/** The nodes, which come as JSON; undefined if that is not what they are, which the settings refuse. */
function list(nodes: string | undefined): { host?: unknown }[] | undefined {
  try {
    const value: unknown = JSON.parse(nodes ?? "");
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
