import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { hmacStep } from "../../domain/vrrp-hmac";
import { messageOf } from "../../local/errors";
import { unknownValue } from "../../local/pulumi/values";
import { type RollOutWorld, rollOut } from "../one-by-one";
import type { SshEndpoint } from "../remote/endpoint";
import { partialFailure } from "../shim";
import type { Migration } from "../stored";
import { checkInputs } from "../validation";
import { measureHolders } from "./holders";
import { handOver, type Members, patienceWithSilence, vipsIn } from "./leave";
import { parseLook, runScript, swap, type VipFiles } from "./scripts";

/** A Configuration's checked inputs. */
export interface ConfigurationInputs extends Members {
  /** By node: keepalived.conf. */
  contents: Record<string, string>;
  /** By node: vip.env. */
  facts: Record<string, string>;
}

export interface ConfigurationOutputs extends ConfigurationInputs {
  /** What must be repaired, by node. Nodes without a fault are not in it. */
  faults: Record<string, string>;
}

const schema = z.looseObject({
  vip: z.string("must be an address"),
  contents: z.record(z.string(), z.string("must be the text of a keepalived.conf"), "must be texts by node"),
  facts: z.record(z.string(), z.string("must be the text of a vip.env"), "must be texts by node"),
  order: z.array(z.string(), "must be the names of the nodes"),
});

/** The VIP must be held again within more than the takeover of any preset. */
const held = { limit: 10_000, lost: "no node holds the VIP" };

const identity = (ssh: SshEndpoint | undefined): string =>
  `${ssh?.host} ${ssh?.port} ${ssh?.user} ${ssh?.hostKey}`;

/** Nodes that must get their file: it is new, changed or faulty, or the machine is another one. */
export function nodesToChange(olds: ConfigurationOutputs, news: ConfigurationInputs): string[] {
  return news.order.filter(
    (name) =>
      olds.contents[name] !== news.contents[name] ||
      olds.facts[name] !== news.facts[name] ||
      olds.faults[name] !== undefined ||
      identity(olds.endpoints[name]) !== identity(news.endpoints[name]),
  );
}

const endpointOf = ({ endpoints }: ConfigurationInputs, name: string): SshEndpoint => {
  const ssh = endpoints[name];
  if (!ssh) throw new Error(`\`endpoints\` does not name ${name}`);
  return ssh;
};

const filesOf = ({ contents, facts }: ConfigurationInputs, name: string): VipFiles => ({
  content: contents[name] ?? "",
  facts: facts[name] ?? "",
});

/** Changes all nodes at once: nothing runs yet, so there is no holder to protect. */
async function startAll(inputs: ConfigurationInputs, names: string[]): Promise<Record<string, string>> {
  const results = await Promise.all(
    names.map(async (name): Promise<[string, string] | undefined> => {
      try {
        await swap(endpointOf(inputs, name), filesOf(inputs, name));
        return undefined;
      } catch (error) {
        return [name, messageOf(error)];
      }
    }),
  );
  return Object.fromEntries(results.filter((each) => each !== undefined));
}

const told = (faults: Record<string, string>): string =>
  Object.entries(faults)
    .map(([name, why]) => `keepalived on ${name}: ${why}`)
    .join("\n");

/** Why nodes with the one and with the other file would not hear each other. In previews some are not known yet. */
function whyNotAtOnce(
  olds: Record<string, string> | undefined,
  news: Record<string, string> | undefined,
): string | undefined {
  if (typeof olds !== "object" || typeof news !== "object") return undefined;
  for (const [name, before] of Object.entries(olds)) {
    const after = news[name];
    if (typeof before !== "string" || typeof after !== "string" || after === unknownValue) continue;
    const why = hmacStep(before, after);
    if (why) return why;
  }
  return undefined;
}

const idOf = ({ vip }: ConfigurationInputs): string => `vip:${vip}`;

/** Outputs of a version that had no vip.env: all nodes get theirs. */
export const migrations: Migration[] = [(outputs) => ({ facts: {}, ...outputs })];

/** The provider of {@link Configuration}: see there for what it does. */
export const configuration = {
  async check(
    olds: Partial<ConfigurationInputs>,
    news: Partial<ConfigurationInputs>,
  ): Promise<pulumi.dynamic.CheckResult> {
    const checked = checkInputs(schema, news);
    const reason = whyNotAtOnce(olds.contents, news.contents);
    if (reason) checked.failures?.push({ property: "contents", reason });
    return checked;
  },

  async diff(
    _id: string,
    olds: ConfigurationOutputs,
    news: ConfigurationInputs,
  ): Promise<pulumi.dynamic.DiffResult> {
    const isKnown = [news.contents, news.facts, news.endpoints].every((each) => typeof each === "object");
    const stored = ["vip", "others", "endpoints", "contents", "facts", "order"] as const;
    const changes =
      !isKnown ||
      nodesToChange(olds, news).length > 0 ||
      stored.some((key) => !isDeepStrictEqual(olds[key], news[key])) ||
      JSON.stringify(news).includes(unknownValue);
    return { changes, replaces: [] };
  },

  async create(inputs: ConfigurationInputs): Promise<pulumi.dynamic.CreateResult<ConfigurationOutputs>> {
    const faults = await startAll(inputs, inputs.order);
    const outs = { ...inputs, faults };
    if (Object.keys(faults).length) throw partialFailure(new Error(told(faults)), idOf(inputs), outs);
    return { id: idOf(inputs), outs };
  },

  async read(id: string, props: ConfigurationOutputs): Promise<pulumi.dynamic.ReadResult> {
    const contents: Record<string, string> = {};
    const facts: Record<string, string> = {};
    const faults: Record<string, string> = {};
    await Promise.all(
      props.order.map(async (name) => {
        const found = parseLook(await runScript(endpointOf(props, name), "look"));
        contents[name] = found.content ?? "";
        facts[name] = found.facts ?? "";
        if (found.faults.length) faults[name] = found.faults.join(", ");
      }),
    );
    const inputs: ConfigurationInputs = {
      ...{ vip: props.vip, endpoints: props.endpoints, contents, facts, order: props.order },
      ...(props.others ? { others: props.others } : {}),
    };
    return { id, props: { ...props, ...inputs, faults }, inputs };
  },

  async update(
    id: string,
    olds: ConfigurationOutputs,
    news: ConfigurationInputs,
  ): Promise<pulumi.dynamic.UpdateResult<ConfigurationOutputs>> {
    // What is on the nodes, which an interrupted change may have left behind what was asked for.
    const why = whyNotAtOnce(olds.contents, news.contents);
    if (why) throw new Error(why);
    await handOver(olds, news);
    const names = nodesToChange(olds, news);
    const nodes = Object.entries(news.endpoints).map(([name, ssh]) => ({ name, ssh }));
    const world: RollOutWorld = {
      holders: () => measureHolders(nodes, vipsIn(news)),
      apply: (name, silent) =>
        swap(endpointOf(news, name), filesOf(news, name), silent ? patienceWithSilence : undefined),
    };
    const { done, failure } = await rollOut([...names].reverse(), world, held);
    if (failure === undefined) return { outs: { ...news, faults: {} } };
    // The other nodes are unchanged; their change is still to be done.
    const rest = names.filter((name) => !done.includes(name));
    const faults = Object.fromEntries(rest.map((name) => [name, olds.faults[name] ?? "not changed yet"]));
    const former = Object.fromEntries(rest.map((name) => [name, olds.contents[name] ?? ""]));
    throw partialFailure(new Error(failure), id, {
      ...{ ...news, contents: { ...news.contents, ...former } },
      faults,
    });
  },

  /** The nodes' own resources remove keepalived and its file. */
  async delete(): Promise<void> {},
};
