import type { Environment } from "../domain/environment";

/** What follows from a violation: nothing, a remark, a refusal, or a correction if the rule knows the right value. */
type Level = "disabled" | "advisory" | "mandatory" | "remediate";

/** How bad a violation is, for those who look at many stacks; whether it refuses one, the level says. */
export type Severity = "low" | "medium" | "high" | "critical";

/** A value that a rule can be configured with (`--policy-pack-config`), as JSON schema has it. */
interface ConfigField {
  type: "integer" | "boolean" | "array";
  description: string;
  /** Of an integer. */
  minimum?: number;
  /** Of an array. */
  items?: { type: "integer" | "string"; minimum?: number; maximum?: number };
  /** A function if the default depends on the environment. */
  default: Value | ((environment: Environment) => Value);
}

type Value = number | boolean | readonly string[] | readonly number[];

export interface Context {
  environment: Environment;
  /** The rule's configuration, completed with its defaults. */
  config: Record<string, Value>;
}

/** A resource as a rule sees it. Reading a property that is not known yet throws; the rule is then not judged. */
export interface Judged {
  type: string;
  name: string;
  /**
   * Inputs if one resource is judged, outputs if the whole stack is. Secrets are readable: never put one into a
   * message.
   */
  props: object;
  isProtected: boolean;
}

/** Returns the violations: one sentence each that says what is wrong. The remedy is part of the rule. */
export type Check = (resource: Judged, context: Context) => string[];

type StackCheck = (resources: Judged[], context: Context) => string[];

/** A rule of the policy pack. */
export interface Rule {
  name: string;
  /** Why the rule exists. */
  reason: string;
  /** What to do about a violation. */
  remedy: string;
  severity: Severity;
  /** What the settings say to it, so that the rule is not needed for less; Markdown. */
  beyond: string;
  levels: Record<Environment, Level>;
  config?: Record<string, ConfigField>;
  /** Checks by type token; `*` stands for every type. */
  resources?: Record<string, Check>;
  /** Judged when all resources are known, at the end of a preview or an update. */
  stack?: StackCheck;
  /** For the level `remediate`: corrects a resource's inputs in place; true if something was wrong. */
  remediate?: { type: string; correct: (props: Record<string, unknown>, context: Context) => boolean };
}

/** The types that rules are about. */
export const types = {
  whole: "ha-rancher:components:HaRancher",
  service: "ha-rancher:components:HaService",
  address: "ha-rancher:components:HaAddress",
  machine: "pulumi-nodejs:dynamic/vagrant:Machine",
  host: "pulumi-nodejs:dynamic/host:Host",
  nfsExport: "pulumi-nodejs:dynamic/nfs:Export",
  files: "pulumi-nodejs:dynamic/remote:Files",
  configuration: "pulumi-nodejs:dynamic/vip:Configuration",
  rollout: "pulumi-nodejs:dynamic/agent:Rollout",
  password: "pulumi-nodejs:dynamic/password:Password",
  command: "command:remote:Command",
  docker: "pulumi:providers:docker",
  image: "docker:index/remoteImage:RemoteImage",
  container: "docker:index/container:Container",
} as const;

/** Files by path, as `remote.Files` has them. */
export type FileMap = Record<string, { content?: string }>;

export const ofType = (resources: Judged[], type: string): Judged[] =>
  resources.filter((each) => each.type === type);

/** A check of a whole stack, whatever its workload is. */
export const ofWhole = (judge: Check): Record<string, Check> => ({
  [types.whole]: judge,
  [types.service]: judge,
  [types.address]: judge,
});

/** A check of one type of resource. It assumes a shape of the properties; each of them may be missing. */
export const check =
  <Props extends object>(
    judge: (props: Partial<Props>, context: Context, resource: Judged) => string[],
  ): Check =>
  (resource, context) =>
    judge(resource.props, context, resource);

/** The same level in all environments, except for the given ones. */
export const levels = (
  everywhere: Level,
  otherwise: Partial<Record<Environment, Level>> = {},
): Record<Environment, Level> => ({
  dev: everywhere,
  blog: everywhere,
  hosts: everywhere,
  prod: everywhere,
  ...otherwise,
});

/** Whether an error says that a value is not known during a preview (`UnknownValueError` of @pulumi/policy). */
const isUnknown = (error: unknown): boolean => error instanceof Error && "unknownTypeSentinel" in error;

/** A value if it is known, else undefined. */
export function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

/** The default configuration of a rule. */
export const defaultConfig = (rule: Rule, environment: Environment): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(rule.config ?? {}).map(([name, field]) => [
      name,
      typeof field.default === "function" ? field.default(environment) : field.default,
    ]),
  );
