/** What Pulumi tells of an operation with `--json`, a line each; as far as it is read (sdk/go/common/apitype/events.go). */
export interface EngineEvent {
  resourcePreEvent?: { metadata: StepMetadata };
  resOutputsEvent?: { metadata: StepMetadata };
  resOpFailedEvent?: { metadata: StepMetadata };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
  policyEvent?: {
    resourceUrn?: string;
    message: string;
    policyName: string;
    policyPackName: string;
    enforcementLevel: string;
  };
  summaryEvent?: { resourceChanges?: Record<string, number>; durationSeconds: number };
}

/** A resource as an event has it. */
interface Recorded {
  /** Left out of a component. */
  custom?: boolean;
  /** The URN of what it is a part of; empty for the stack. */
  parent?: string;
}

export interface StepMetadata {
  op: string;
  urn: string;
  type: string;
  old?: Recorded | null;
  new?: Recorded | null;
}

/** The event in a line; undefined if the line is none. */
export function engineEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "sequence" in value
      ? (value as EngineEvent)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What is done to a resource, in words: while it is done, and afterwards. `same` is nothing, and looking is no step. */
const verbs: Record<string, readonly [doing: string, done: string]> = {
  create: ["is made", "made"],
  "create-replacement": ["is made again", "made again"],
  update: ["is changed", "changed"],
  delete: ["is removed", "removed"],
  "delete-replaced": ["is removed", "removed"],
  import: ["is adopted", "adopted"],
  "import-replacement": ["is adopted", "adopted"],
  refresh: ["is looked at", "looked at"],
};

/** A resource to which something is done. */
export interface Step {
  urn: string;
  name: string;
  /** The name of the component that it is a part of; empty for none. */
  component: string;
  /** The kind of resource, in a word. */
  kind: string;
  doing: string;
  done: string;
  /** Whether it is only looked at: told if it takes long. */
  isLook: boolean;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/** `Machine` for `pulumi-nodejs:dynamic/vagrant:Machine`. */
const kindOf = (type: string): string => type.split(":").at(-1) ?? type;

/** The step of an event; undefined if nothing is done, or only in Pulumi's books: components, providers, the stack. */
export function stepOf({ op, urn, type, old, new: fresh }: StepMetadata): Step | undefined {
  const words = verbs[op];
  const { custom = false, parent } = fresh ?? old ?? {};
  if (!words || !custom || /^pulumi:(pulumi|providers):/.test(type)) return undefined;
  const [doing, done] = words;
  const [name, component] = [nameOf(urn), subjectOf(parent)];
  return { urn, name, component, kind: kindOf(type), doing, done, isLook: op === "refresh" };
}

/** Whom a message is of: the resource's name; empty for the whole. */
export const subjectOf = (urn: string | undefined): string =>
  urn === undefined || urn === "" || urn.includes("::pulumi:pulumi:Stack::") ? "" : nameOf(urn);
