import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { packageRoot } from "../local/root";
import type { HaRancherArgs } from "./args";
import { implementationOf } from "./implementations";
import { HaRancher } from "./index";
import { close, open, secretNames } from "./secrets";

type Values = Record<string, unknown>;

/** The implementation of the resource that a URN names. */
const of = (urn: pulumi.URN): pulumi.dynamic.ResourceProvider => {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const found = implementationOf(type);
  if (!found) throw new Error(`${type} is no type of this plugin`);
  return found;
};

/** Runs a verb; what exists in part is said with the same secrets as what was given. */
async function verb<T>(names: ReadonlySet<string>, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const half = error as { properties?: object };
    if (half.properties) half.properties = close(half.properties, names);
    throw error;
  }
}

/** An output's value; undefined if it is not known, in a preview. */
async function known(output: pulumi.Output<unknown>): Promise<{ value: unknown } | undefined> {
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  return (await isKnown) ? new Promise((resolve) => output.apply((value) => resolve({ value }))) : undefined;
}

/**
 * What was given, with the values of those outputs that are known: a secret within a list makes the whole list secret in some
 * languages. The resources make secret what is, such as a private key.
 */
const settled = async (inputs: pulumi.Inputs): Promise<pulumi.Inputs> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(inputs).map(async ([key, given]): Promise<[string, unknown]> => {
        const found = pulumi.Output.isInstance(given) ? await known(given) : undefined;
        return [key, found ? found.value : given];
      }),
    ),
  );

const fileText = (...path: string[]): string => readFileSync(join(packageRoot, ...path), "utf8");

/** The plugin of this package: it makes the component, and serves the resources that are in it. */
export class Plugin implements pulumi.provider.Provider {
  readonly version = (JSON.parse(fileText("package.json")) as { version: string }).version;
  readonly schema = fileText("plugin", "schema.json");

  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    opts: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    if (type !== "ha-rancher:index:HaRancher") throw new Error(`${type} is no component of this plugin`);
    const made = new HaRancher(name, (await settled(inputs)) as unknown as HaRancherArgs, opts);
    return { urn: made.urn, state: made.outputs() };
  }

  async check(urn: pulumi.URN, olds: Values, news: Values): Promise<pulumi.provider.CheckResult> {
    const names = secretNames(news);
    const { inputs, failures } = (await of(urn).check?.(open(olds), open(news))) ?? { inputs: open(news) };
    return { ...(inputs && { inputs: close(inputs, names) }), ...(failures && { failures }) };
  }

  async diff(
    id: pulumi.ID,
    urn: pulumi.URN,
    olds: Values,
    news: Values,
  ): Promise<pulumi.provider.DiffResult> {
    return (await of(urn).diff?.(id, open(olds), open(news))) ?? {};
  }

  async create(urn: pulumi.URN, inputs: Values): Promise<pulumi.provider.CreateResult> {
    const names = secretNames(inputs);
    return await verb(names, async () => {
      const { id, outs = {} } = await of(urn).create(open(inputs));
      return { id, outs: close(outs, names) };
    });
  }

  async read(id: pulumi.ID, urn: pulumi.URN, props: Values): Promise<pulumi.provider.ReadResult> {
    const names = secretNames(props);
    const found = await of(urn).read?.(id, open(props));
    return {
      id: found?.id ?? "",
      props: close(found?.props ?? {}, names),
      ...(found?.inputs && { inputs: close(found.inputs, names) }),
    };
  }

  async update(
    id: pulumi.ID,
    urn: pulumi.URN,
    olds: Values,
    news: Values,
  ): Promise<pulumi.provider.UpdateResult> {
    const names = secretNames(olds, news);
    return await verb(names, async () => {
      const { outs = {} } = (await of(urn).update?.(id, open(olds), open(news))) ?? {};
      return { outs: close(outs, names) };
    });
  }

  async delete(id: pulumi.ID, urn: pulumi.URN, props: Values): Promise<void> {
    await of(urn).delete?.(id, open(props));
  }
}
