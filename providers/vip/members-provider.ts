import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { unknownValue } from "../../local/pulumi/values";
import { checkInputs } from "../validation";
import { handOver, type Members } from "./leave";

const schema = z.looseObject({
  vip: z.string("must be an address"),
  order: z.array(z.string(), "must be the names of the nodes"),
});

const idOf = ({ vip }: Members): string => `members:${vip}`;

const stored = ["vip", "others", "endpoints", "order"] as const;

/** The provider of {@link Members}: see there for what it does. */
export const members = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news);
  },

  async diff(_id: string, olds: Members, news: Members): Promise<pulumi.dynamic.DiffResult> {
    const changes =
      stored.some((key) => !isDeepStrictEqual(olds[key], news[key])) ||
      JSON.stringify(news).includes(unknownValue);
    return { changes, replaces: [] };
  },

  async create(inputs: Members): Promise<pulumi.dynamic.CreateResult<Members>> {
    return { id: idOf(inputs), outs: inputs };
  },

  /** There is nothing to read: nodes that leave hand over once, in an update. */
  async read(id: string, props: Members): Promise<pulumi.dynamic.ReadResult> {
    return { id, props, inputs: props };
  },

  async update(_id: string, olds: Members, news: Members): Promise<pulumi.dynamic.UpdateResult<Members>> {
    await handOver(olds, news);
    return { outs: news };
  },

  async delete(): Promise<void> {},
};
