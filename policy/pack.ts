import type {
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Environment } from "../domain/environment";
import { type Context, defaultConfig, type Judged, known, type Rule } from "./rule";

/** What the pack judges. */
export interface Surroundings {
  environment: Environment;
}

/** Reports the violations that a check finds, with the way out. A value that is not known yet is judged once it is. */
function report(rule: Rule, judge: () => string[], reportViolation: ReportViolation): void {
  for (const violation of known(judge) ?? []) reportViolation(`${violation}. ${rule.remedy}`);
}

const schemaOf = (rule: Rule, environment: Environment): PolicyConfigSchema | undefined =>
  rule.config && {
    properties: Object.fromEntries(
      Object.entries(rule.config).map(([name, { default: _, ...schema }]) => [
        name,
        { ...schema, default: defaultConfig(rule, environment)[name] },
      ]),
    ),
  };

type Given = Pick<ResourceValidationArgs, "type" | "name" | "props" | "opts">;

const judged = ({ type, name, props, opts }: Given): Judged => ({
  type,
  name,
  props,
  isProtected: opts.protect,
});

/** A rule as a policy of CrossGuard, with the level of an environment. */
export function policyOf(
  rule: Rule,
  surroundings: Surroundings,
): ResourceValidationPolicy | StackValidationPolicy {
  const { environment } = surroundings;
  const contextOf = (args: { getConfig<T extends object>(): T }): Context => ({
    ...surroundings,
    config: { ...defaultConfig(rule, environment), ...args.getConfig<Context["config"]>() },
  });
  const common = {
    name: rule.name,
    description: rule.reason,
    remediationSteps: rule.remedy,
    severity: rule.severity,
    enforcementLevel: rule.levels[environment],
    configSchema: schemaOf(rule, environment),
  };
  const { resources, stack, remediate } = rule;
  if (stack) {
    return {
      ...common,
      validateStack: (args: StackValidationArgs, reportViolation) =>
        report(rule, () => stack(args.resources.map(judged), contextOf(args)), reportViolation),
    };
  }
  return {
    ...common,
    validateResource: (args: ResourceValidationArgs, reportViolation) => {
      const check = resources?.[args.type] ?? resources?.["*"];
      if (check) report(rule, () => check(judged(args), contextOf(args)), reportViolation);
    },
    ...(remediate && {
      remediateResource: (args: ResourceValidationArgs) => {
        // Corrected in place: a copy would read all values, and reading one that is not known yet throws.
        const isCorrected =
          args.type === remediate.type && known(() => remediate.correct(args.props, contextOf(args)));
        return isCorrected ? args.props : undefined;
      },
    }),
  };
}
