import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOf } from "../domain/environment";
import { hostVariables } from "../local/pulumi/variables";
import { packageRoot } from "../local/root";
import { ownSettings } from "../settings/own-settings";
import type { Surroundings } from "./pack";

/** A stack's settings as text, by name. */
function fromStackFile(stack: string): Record<string, string> {
  const file = join(packageRoot, `Pulumi.${stack}.yaml`);
  // Only where Pulumi does not say the settings: it loads a parser of YAML.
  const { settingsText } = require("../settings/stack-file") as typeof import("../settings/stack-file");
  try {
    return settingsText(readFileSync(file, "utf8"), file);
  } catch {
    return {}; // The stack belongs to another program, or its own `up` refuses the file.
  }
}

/**
 * Reads from the environment which update the policy pack judges. Pulumi 3.220 sets variables with the stack and
 * the settings. Later versions set none, so `npm run up` and `npm run shell` set `PULUMI_STACK`. Without it the strictest
 * levels apply.
 */
export function surroundingsOf(env: NodeJS.ProcessEnv): Surroundings {
  const stack = env[hostVariables.stack] ?? env.PULUMI_STACK;
  if (!stack) return { environment: "prod" };
  const settings = env[hostVariables.settings];
  const { environment, nodes } = settings
    ? ownSettings(JSON.parse(settings) as Record<string, string>).own
    : fromStackFile(stack);
  return { environment: environmentOf(stack, environment, list(nodes)) };
}

/** Parses the nodes, which are JSON; undefined if they are not, which the settings refuse. */
function list(nodes: string | undefined): { host?: unknown }[] | undefined {
  try {
    const value: unknown = JSON.parse(nodes ?? "");
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
