import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { hostVariables } from "../local/pulumi/variables";
import { packageRoot } from "../local/root";
import { environmentOf } from "../settings/environment";
import type { Surroundings } from "./pack";

/** The project's name, and that of its settings. Not imported from settings.ts, which takes long to load. */
const namespace = "ha-rancher";

/** The settings that decide, each as text or as YAML has it. */
type Given = Record<string, unknown>;

function fromStackFile(stack: string): Given {
  try {
    const text = readFileSync(join(packageRoot, `Pulumi.${stack}.yaml`), "utf8");
    return (parse(text) as { config?: Given } | null)?.config ?? {};
  } catch {
    return {}; // Another program's stack.
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
  const given = settings ? (JSON.parse(settings) as Given) : fromStackFile(stack);
  const { [`${namespace}:environment`]: said, [`${namespace}:nodes`]: nodes } = given;
  return {
    environment: environmentOf(stack, typeof said === "string" ? said : undefined, list(nodes)),
    isPreview,
  };
}

/** The nodes, which come as JSON; undefined if that is not what they are, which the settings refuse. */
function list(nodes: unknown): { host?: unknown }[] | undefined {
  try {
    const value: unknown = typeof nodes === "string" ? JSON.parse(nodes) : nodes;
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
