import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { lastServing, type RollOutWorld, rollOut } from "../one-by-one";
import type { SshEndpoint } from "../remote/endpoint";
import { type AgentFacts, lookAt, type Started, startAgent, stopAgent } from "./node-facts";

type Endpoints = Record<string, SshEndpoint>;

/** The actions on nodes. Tests replace it. */
export interface AgentWorld {
  /** @throws if the node does not answer */
  look(ssh: SshEndpoint): Promise<AgentFacts>;
  start(ssh: SshEndpoint): Promise<Started>;
  stop(ssh: SshEndpoint): Promise<void>;
  /** Pulumi shows the output of a provider. */
  say(line: string): void;
}

export const onNodes: AgentWorld = {
  look: lookAt,
  start: startAgent,
  stop: stopAgent,
  say: (line) => console.log(line),
};

/** Nodes that do not answer are not in it. */
type Looks = ReadonlyMap<string, AgentFacts>;

/** Within more than a takeover with an orderly stop takes on a slow machine. */
const served = { limit: 60_000, lost: "no node has the lease" };

const wasDone: Record<Exclude<Started["was"], "unchanged">, string> = {
  started: "started",
  restarted: "another version or configuration has taken over",
  "from-guard": "started in place of the guard",
};

/** Pulumi does not keep the order of maps. */
export const namesOf = (byNode: object): string[] =>
  Object.keys(byNode).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

async function lookAtAll(endpoints: Endpoints, world: AgentWorld): Promise<Looks> {
  const found = await Promise.all(
    Object.entries(endpoints).map(async ([name, ssh]) => {
      const facts = await world.look(ssh).catch(() => undefined);
      return facts ? [[name, facts] as const] : [];
    }),
  );
  return new Map(found.flat());
}

const servingIn = (looks: Looks): string[] =>
  [...looks].flatMap(([name, { serves }]) => (serves ? [name] : []));

/** What {@link startAgents} did. */
export interface Changed {
  /** By node: the version that runs there now. Nodes that were not reached are not in it. */
  versions: Record<string, string>;
  /** What stopped it; undefined if all is done. */
  failure?: string | undefined;
}

/**
 * Starts agents, or lets others take over: on one node after the other, the one that serves last; where no agent runs
 * yet, on all at once.
 *
 * @param names the nodes to change
 * @param endpoints of all nodes, those that leave the stack, too: one of them may serve
 */
export async function startAgents(
  names: string[],
  endpoints: Endpoints,
  world: AgentWorld,
  options = served,
): Promise<Changed> {
  const versions: Record<string, string> = {};
  const start = async (name: string): Promise<void> => {
    const { version, was } = await world.start(endpoints[name] as SshEndpoint);
    versions[name] = version;
    if (was !== "unchanged") world.say(`agent on ${name}: ${wasDone[was]}`);
  };
  if (names.length === 0) return { versions };
  const looks = await lookAtAll(endpoints, world);
  const silent = names.filter((name) => !looks.has(name));
  if (silent.length > 0) {
    const failure = `no agent was changed, since these nodes do not answer: ${silent.join(", ")}; repair them or take them out of the stack, and run \`${callOf("up")}\` again`;
    return { versions, failure };
  }
  const isNew = looks.size === Object.keys(endpoints).length && [...looks.values()].every(({ idle }) => idle);
  if (isNew) return { versions, failure: await allAtOnce(names, start) };
  const measured: RollOutWorld = {
    async holders() {
      const now = await lookAtAll(endpoints, world);
      return { holders: servingIn(now), unreachable: namesOf(endpoints).filter((name) => !now.has(name)) };
    },
    apply: start,
  };
  return { versions, failure: (await rollOut(names, measured, options)).failure };
}

async function allAtOnce(
  names: string[],
  start: (name: string) => Promise<void>,
): Promise<string | undefined> {
  const results = await Promise.allSettled(names.map(start));
  const failed = results.flatMap((result, i) =>
    result.status === "rejected" ? [`${names[i]}: ${messageOf(result.reason)}`] : [],
  );
  return failed.length > 0 ? `agents cannot be started\n${failed.join("\n")}` : undefined;
}

/**
 * Stops the agents of nodes in order, the one that serves last. Nodes that do not answer are left alone: this is
 * reported, and is no failure.
 *
 * @throws if one cannot be stopped; those after it still run
 */
export async function stopAgents(endpoints: Endpoints, world: AgentWorld): Promise<void> {
  const looks = await lookAtAll(endpoints, world);
  for (const name of lastServing(namesOf(endpoints), servingIn(looks))) {
    if (!looks.has(name)) {
      world.say(`${name} does not answer: its agent is left as it is`);
      continue;
    }
    try {
      await world.stop(endpoints[name] as SshEndpoint);
    } catch (error) {
      throw new Error(`the agent on ${name} cannot be stopped: ${messageOf(error)}`);
    }
  }
}
