import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { unknownValue } from "../../local/pulumi/values";
import { machineOf, type SshEndpoint } from "../remote/endpoint";
import { partialFailure } from "../shim";
import { checkInputs } from "../validation";
import { namesOf, onNodes, startAgents, stopAgents } from "./change";

/** A Rollout's checked inputs. */
export interface RolloutInputs {
  endpoints: Record<string, SshEndpoint>;
  source: Record<string, string>;
  /** Undefined: a service with a lease. */
  workload?: string;
}

/** In place of a fingerprint, `source` may say what must be repaired on a node, in words for people. */
export interface RolloutOutputs extends RolloutInputs {
  /** By node: the version of its agent when it was last started. */
  versions: Record<string, string>;
}

const schema = z
  .looseObject({
    endpoints: z.record(z.string(), z.unknown(), "must be endpoints by node"),
    source: z.record(z.string(), z.string("must be a text"), "must be texts by node"),
  })
  .refine(({ endpoints, source }) => isDeepStrictEqual(namesOf(endpoints), namesOf(source)), {
    path: ["source"],
    message: "must name the same nodes as `endpoints`",
  });

const id = "agents";

const isSame = (one: SshEndpoint | undefined, other: SshEndpoint | undefined): boolean =>
  one !== undefined && other !== undefined && machineOf(one) === machineOf(other);

/** Nodes whose agent must be started or changed: another source, another machine. */
export const nodesToChange = (olds: Partial<RolloutOutputs>, news: RolloutInputs): string[] =>
  namesOf(news.endpoints).filter(
    (name) =>
      olds.source?.[name] !== news.source[name] || !isSame(olds.endpoints?.[name], news.endpoints[name]),
  );

const only = <T>(byNode: Record<string, T> = {}, isWanted: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(byNode).filter(([name]) => isWanted(name)));

/** Makes all agents run from their sources. @throws a partial failure, after which the next `up` goes on */
async function converge(
  olds: Partial<RolloutOutputs>,
  news: RolloutInputs,
  world: typeof onNodes,
): Promise<RolloutOutputs> {
  const names = nodesToChange(olds, news);
  const leaving = only(olds.endpoints, (name) => news.endpoints[name] === undefined);
  const { versions, failure } = await startAgents(names, { ...leaving, ...news.endpoints }, world);
  const outs: RolloutOutputs = {
    endpoints: news.endpoints,
    source: news.source,
    ...(news.workload === undefined ? {} : { workload: news.workload }),
    versions: { ...only(olds.versions, (name) => news.endpoints[name] !== undefined), ...versions },
  };
  const rest = names.filter((name) => versions[name] === undefined);
  const part: RolloutOutputs = {
    ...outs,
    // Those of nodes that leave are kept until their agents are stopped.
    endpoints: { ...leaving, ...news.endpoints },
    source: { ...news.source, ...Object.fromEntries(rest.map((name) => [name, "not changed yet"])) },
  };
  if (failure !== undefined) throw partialFailure(new Error(failure), id, part);
  try {
    await stopAgents(leaving, world);
  } catch (error) {
    throw partialFailure(error, id, part);
  }
  return outs;
}

/** Why the agents of a stack that is up do not become those of another workload. */
function otherWorkload(former: string | undefined, next: string | undefined): string {
  const shown = (workload: string | undefined): string => workload ?? "a service with a lease";
  return (
    `\`workload\` must not become ${shown(next)}: the stack runs ${shown(former)}. Make another stack for the other one; ` +
    `or remove this one (\`${callOf("down")}\`) and begin anew`
  );
}

/** What is not so any more, by the node's name. A node that does not answer is as it was: others find out what is wrong with it. */
async function drifts(
  world: typeof onNodes,
  { endpoints, versions }: RolloutOutputs,
): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(endpoints).map(async ([name, ssh]): Promise<[string, string][]> => {
      const looked = await world.look(ssh).catch((error) => {
        world.say(`the agent on ${name} cannot be looked at: ${messageOf(error)}`);
      });
      if (!looked) return [];
      const { version, faults } = looked;
      if (version !== undefined && version !== versions[name])
        faults.push(`the agent has version ${version}, not ${versions[name]}`);
      return faults.length > 0 ? [[name, faults.join(", ")]] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** The provider of {@link Rollout}: see there for what it does. */
export const rolloutIn = (world: typeof onNodes) => ({
  async check(
    olds: Partial<RolloutInputs>,
    news: Partial<RolloutInputs>,
  ): Promise<pulumi.dynamic.CheckResult> {
    const checked = checkInputs(schema, news);
    // Of a stack that is up.
    if (olds.source !== undefined && olds.workload !== news.workload)
      checked.failures?.push({ property: "workload", reason: otherWorkload(olds.workload, news.workload) });
    return checked;
  },

  /** No change replaces it: agents that are right are left alone. */
  async diff(_id: string, olds: RolloutOutputs, news: RolloutInputs): Promise<pulumi.dynamic.DiffResult> {
    const isKnown = [news.endpoints, news.source].every((each) => typeof each === "object");
    const changes =
      !isKnown ||
      nodesToChange(olds, news).length > 0 ||
      !isDeepStrictEqual(olds.endpoints, news.endpoints) ||
      JSON.stringify(news).includes(unknownValue);
    return { changes, replaces: [] };
  },

  async create(inputs: RolloutInputs): Promise<pulumi.dynamic.CreateResult<RolloutOutputs>> {
    return { id, outs: await converge({}, inputs, world) };
  },

  async read(_id: string, props: RolloutOutputs): Promise<pulumi.dynamic.ReadResult> {
    const { endpoints, workload } = props;
    const source = { ...props.source, ...(await drifts(world, props)) };
    return {
      id,
      props: { ...props, source },
      inputs: { endpoints, source, ...(workload === undefined ? {} : { workload }) },
    };
  },

  async update(
    _id: string,
    olds: RolloutOutputs,
    news: RolloutInputs,
  ): Promise<pulumi.dynamic.UpdateResult<RolloutOutputs>> {
    return { outs: await converge(olds, news, world) };
  },

  async delete(_id: string, { endpoints }: RolloutOutputs): Promise<void> {
    await stopAgents(endpoints, world);
  },
});

export const rollout = rolloutIn(onNodes);
