import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Environment, environmentOf } from "../settings/environment";
import { packageRoot } from "../system/root";
import type { Surroundings } from "./pack";

const setting = "ha-rancher:environment";

function fromStackFile(stack: string): string | undefined {
  try {
    const file = parse(readFileSync(join(packageRoot, `Pulumi.${stack}.yaml`), "utf8")) as {
      config?: Record<string, string>;
    } | null;
    return file?.config?.[setting];
  } catch {
    return undefined; // Another program's stack.
  }
}

/**
 * What a policy pack's process is told of the update that it judges. Pulumi 3.220 tells stack, settings and kind of
 * operation in the environment. Later ones tell nothing, so that `npm run up` and `npm run shell` name the stack in
 * `PULUMI_STACK`; without that the strictest levels apply, and what only an update can be judged by is not judged.
 */
export function surroundingsOf(env: NodeJS.ProcessEnv): Surroundings {
  const stack = env.PULUMI_NODEJS_STACK ?? env.PULUMI_STACK;
  const isPreview = env.PULUMI_NODEJS_DRY_RUN !== "false";
  if (!stack) return { environment: "prod", isPreview };
  return { environment: environmentOfStack(stack, env.PULUMI_CONFIG), isPreview };
}

function environmentOfStack(stack: string, config: string | undefined): Environment {
  const said =
    config === undefined ? fromStackFile(stack) : (JSON.parse(config) as Record<string, string>)[setting];
  return environmentOf(stack, said);
}
