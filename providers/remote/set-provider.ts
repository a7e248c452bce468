import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Migration } from "../stored";
import { checkInputs } from "../validation";
import { machineOf, replacedByHost, type SshEndpoint } from "./endpoint";
import { bareScript, installSet, packedSet } from "./script";
import { connectAhead } from "./ssh";

/** A NodeSet's checked inputs. */
export interface NodeSetInputs {
  ssh: SshEndpoint;
  hash: string;
}

const schema = z.looseObject({
  hash: z
    .string("must be a set's hash")
    .regex(/^[0-9a-f]{16}$/, "must be a set's hash, 16 hexadecimal digits"),
});

/** The output of `set show`. */
const shown = z.object({ set: z.string().nullable(), whole: z.boolean() });

const limit = 120_000;

/** Milliseconds for a login ahead; a node that is off is found out by whoever needs it. */
const aheadLimit = 20_000;

async function put({ ssh, hash }: NodeSetInputs): Promise<void> {
  if (hash !== packedSet("current").hash)
    throw new Error("this project's files for nodes were changed while the update ran: run it again");
  await installSet(ssh, "current", true);
}

/**
 * Outputs of the `Files` that the programs were before they were a set (components/node-software.ts): no set is there. The
 * files stay where something still runs from them.
 */
export const migrations: Migration[] = [
  (outputs) => ("files" in outputs ? { ssh: outputs.ssh, hash: "none" } : outputs),
];

/** The provider of {@link NodeSet}: see there for what it does. */
export const nodeSet = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news);
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | hash | update: the new set beside the old one, then the link |
   * | the host of ssh | replace (the new node first) |
   * | ssh: another machine at the same host (its key) | update that puts the set there |
   * | ssh: other | update that only stores it |
   */
  async diff(_id: string, olds: NodeSetInputs, news: NodeSetInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces = replacedByHost(olds.ssh, news.ssh);
    const changes = replaces.length > 0 || olds.hash !== news.hash || !isDeepStrictEqual(olds.ssh, news.ssh);
    // Of all that is on a node the programs are asked about first, and a release is at last, which asks the node itself.
    connectAhead(olds.ssh, aheadLimit);
    return { changes, replaces, deleteBeforeReplace: false };
  },

  async create(inputs: NodeSetInputs): Promise<pulumi.dynamic.CreateResult<NodeSetInputs>> {
    await put(inputs);
    return { id: `${inputs.ssh.host}:programs`, outs: inputs };
  },

  /** An incomplete set is drift, and so is another one. */
  async read(id: string, props: NodeSetInputs): Promise<pulumi.dynamic.ReadResult> {
    const answer = await bareScript(props.ssh, "host/set", ["show", "current"], { timeout: limit });
    const { set, whole } = shown.parse(JSON.parse(answer));
    if (set === null) return { id: "" };
    const { ssh } = props;
    const hash = whole ? set : "damaged";
    return { id, props: { ...props, hash }, inputs: { ssh, hash } };
  },

  async update(
    _id: string,
    olds: NodeSetInputs,
    news: NodeSetInputs,
  ): Promise<pulumi.dynamic.UpdateResult<NodeSetInputs>> {
    if (olds.hash !== news.hash || machineOf(olds.ssh) !== machineOf(news.ssh)) await put(news);
    return { outs: { ssh: news.ssh, hash: news.hash } };
  },

  async delete(_id: string, { ssh }: NodeSetInputs): Promise<void> {
    await bareScript(ssh, "host/set", ["remove", "current"], { timeout: limit });
  },
};
