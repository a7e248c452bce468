import type { Change } from "./diff";
import type { Values } from "./values";

/** A property that is refused, and why. */
export interface Failure {
  property: string;
  reason: string;
}

export interface Checked {
  /** All inputs, with defaults. */
  inputs: Values;
  failures: Failure[];
}

export interface Diff {
  changes: Change[];
  deleteBeforeReplace?: boolean;
}

/** What an operation on a resource may use beside its properties. */
export interface Context {
  urn: string;
  /** The resource's name in the program. */
  name: string;
  /** Shows a line beside the resource while the operation runs, and not afterwards. */
  status(line: string): void;
  /** Shows a line among the resource's diagnostics. */
  say(severity: "info" | "warning" | "error", message: string): void;
  /** Aborted when the user cancels: operations that only wait end, operations that change something continue. */
  signal: AbortSignal;
}

export interface Live {
  id: string;
  properties: Values;
  inputs: Values;
}

/** The operations of one resource type. Operations that only read properties get no context. */
export interface ResourceType {
  check(news: Values): Checked;
  diff(oldInputs: Values, news: Values): Diff;
  /** The outputs in a preview; those that are not known yet are {@link unknown}. */
  previewCreate(inputs: Values): Values;
  create(context: Context, inputs: Values): Promise<{ id: string; properties: Values }>;
  /** Undefined if it is gone. */
  read(context: Context, live: Live): Promise<Live | undefined>;
  previewUpdate(olds: Values, news: Values): Values;
  update(context: Context, id: string, olds: Values, news: Values): Promise<Values>;
  delete(context: Context, id: string, properties: Values): Promise<void>;
}

/** The content of a plugin process. */
export interface Plugin {
  /** The package, such as `docker`. */
  name: string;
  version: string;
  types: Readonly<Record<string, ResourceType>>;
  checkConfig(news: Values): Checked;
  /** @param config the provider's configuration, by name without the package; all values are strings */
  configure(config: Readonly<Record<string, string>>): void;
  /** Ends connections; called once, when the process is about to end. */
  close(): void;
}

/** A failure after which the resource exists in part: Pulumi keeps it and continues with `update` at the next `up`. */
export class PartialFailure extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly properties: Values,
  ) {
    super(message);
    this.name = "PartialFailure";
  }
}
