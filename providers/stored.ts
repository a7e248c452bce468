import type * as pulumi from "@pulumi/pulumi";
import { noteStables } from "../local/previews/previewing";
import { storedCode } from "./shim";

type Properties = Record<string, unknown>;

/** Outputs of one schema in the shape of the next one. */
export type Migration = (outputs: Properties) => Properties;

/** All that Pulumi calls of a provider. */
type Provider = Required<Omit<pulumi.dynamic.ResourceProvider, "configure">>;

/** A resource's outputs as its provider knows them, and what the state says beside them. */
interface Opened {
  outputs: Properties;
  /** Whether they have the present schema. */
  isPresent: boolean;
  /** Whether they are those of a change that failed: the next update has something to end, whatever a diff says. */
  isPartial: boolean;
}

/** The inputs or outputs without Pulumi's code, which it adds to what a provider returns. */
function bare({ __provider, ...properties }: Properties): Properties {
  return properties;
}

/**
 * The outputs of a state, in today's shape.
 *
 * @param type of the resource, for messages
 * @param migrations one for each former schema; outputs without a number have schema 1
 * @throws if a newer version of this program made them
 */
function opened(type: string, migrations: readonly Migration[], stored: Properties): Opened {
  const { schema = 1, partial, ...outputs } = bare(stored);
  const known = migrations.length + 1;
  if (typeof schema !== "number" || !Number.isInteger(schema) || schema < 1 || schema > known)
    throw new Error(
      `the stored outputs of this ${type} have the schema ${JSON.stringify(schema)}, and this version of ha-rancher knows ` +
        `1 to ${known}: a newer version of ha-rancher made them. Use that version, or a newer one, for this stack; nothing was changed`,
    );
  return {
    outputs: migrations.slice(schema - 1).reduce((older, migrate) => migrate(older), outputs),
    isPresent: schema === known,
    isPartial: partial === true,
  };
}

/** Completes a partial failure: Pulumi adds its code to outputs, but not to those of a failure. */
function completed(error: unknown, schema: number, code: unknown): unknown {
  const failure = error as { id?: unknown; properties?: Properties } | undefined;
  if (failure?.id !== undefined && failure.properties)
    failure.properties = {
      ...failure.properties,
      ...{ schema, partial: true },
      // The plugin stores none.
      ...(code === undefined ? {} : { __provider: code }),
    };
  return error;
}

/**
 * What Pulumi calls for a resource type: the provider, with all that concerns what the state keeps from one version of this
 * program to the next. The provider itself gets outputs in today's shape alone, and never sees the number of their schema or
 * Pulumi's stored code.
 *
 * - What a diff says to stay (`stables`) is told to the process that answers previews.
 * - The outputs carry `schema`. Older ones are migrated before each verb, newer ones are refused.
 * - Stored code of another version is a change, and so are outputs of an older schema. If nothing else differs, an update
 *   renews them in the state, and does not call the provider: no node is touched.
 *
 * @param type such as `host.Host`
 * @param migrations how outputs of schema 1 become those of schema 2, and so on
 */
export function stored(
  type: string,
  provider: Provider,
  migrations: readonly Migration[] = [],
): pulumi.dynamic.ResourceProvider {
  const schema = migrations.length + 1;
  const open = (properties: Properties): Opened => opened(type, migrations, properties);
  const isOutdated = (olds: Properties, news: Properties): boolean =>
    !open(olds).isPresent || storedCode(olds) !== storedCode(news);
  const change = async <T extends { outs?: Properties }>(news: Properties, work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      return { ...result, outs: { ...result.outs, schema } };
    } catch (error) {
      throw completed(error, schema, storedCode(news));
    }
  };
  return {
    check: (olds: Properties, news: Properties) => provider.check(bare(olds), bare(news)),

    async diff(id: string, olds: Properties, news: Properties) {
      const { outputs } = open(olds);
      const found = await provider.diff(id, outputs, bare(news));
      const renews = !found.changes && isOutdated(olds, news);
      const result = renews ? { ...found, changes: true, stables: Object.keys(outputs) } : found;
      noteStables(result.stables);
      return result;
    },

    create: (inputs: Properties) => change(inputs, provider.create(bare(inputs))),

    async read(id: string, properties: Properties) {
      const { outputs, isPartial } = open(properties);
      const found = await provider.read(id, outputs);
      const beside = isPartial ? { schema, partial: true } : { schema };
      return found.props ? { ...found, props: { ...found.props, ...beside } } : found;
    },

    async update(id: string, olds: Properties, news: Properties) {
      const { outputs, isPartial } = open(olds);
      const renews = isOutdated(olds, news) && !isPartial;
      if (renews && !(await provider.diff(id, outputs, bare(news))).changes)
        return { outs: { ...outputs, ...bare(news), schema } };
      return await change(news, provider.update(id, outputs, bare(news)));
    },

    delete: (id: string, properties: Properties) => provider.delete(id, open(properties).outputs),
  };
}
