import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { shownLine } from "../../domain/shown-text";
import { partialFailure } from "../shim";
import { checkInputs } from "../validation";
import { replacedByHost, type SshEndpoint } from "./endpoint";
import { endpointSchema } from "./files-provider";
import { asRoot, exec, lastLines, sudoHint } from "./ssh";

/** A Kept's checked inputs. */
export interface KeptInputs {
  ssh: SshEndpoint;
  look: string;
  mend: string;
  /** Seconds. */
  limit: number;
  /** What is not as it was made, in words for people; empty: nothing. */
  faults: string;
}

/** Milliseconds: a busy emulated node takes a second for each program that it starts. */
const lookLimit = 120_000;

/** Characters of what a node says. */
const longest = 600;

const command = z.string("must be a text").min(1, "must be a command line");
const schema = z.object({
  ssh: endpointSchema,
  look: command,
  mend: command,
  limit: z.number("must be a number of seconds").positive("must be more than 0 seconds"),
  faults: z.string("must be a text"),
});

/** What is not as it was made. @throws if the node does not answer */
async function faultsOn({ ssh, look }: KeptInputs): Promise<string> {
  const { code, stdout, stderr } = await exec(ssh, asRoot(ssh, look), { timeout: lookLimit });
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  // The program that looks may be what was removed.
  if (code !== 0) lines.push(`it cannot be looked at: ${lastLines(stderr) || `code ${code}`}`);
  return shownLine(lines.join("; "), longest);
}

/** Makes it so again, and makes sure of that. */
async function mended(id: string, news: KeptInputs, before: string): Promise<KeptInputs> {
  const { ssh, mend, limit } = news;
  const drifted = { ...news, faults: before };
  const result = await exec(ssh, asRoot(ssh, `timeout ${limit} ${mend}`), { timeout: (limit + 30) * 1_000 });
  if (result.code !== 0)
    throw partialFailure(
      `${before}: this cannot be mended: ${lastLines(result.stderr || result.stdout) || `code ${result.code}`}${sudoHint(ssh, result)}`,
      id,
      drifted,
    );
  const left = await faultsOn(news);
  if (left !== "")
    throw partialFailure(`after it was mended it is still so: ${left}`, id, { ...news, faults: left });
  return news;
}

/** The provider of {@link Kept}: see there for what it does. */
export const kept = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news);
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | faults, found by `read` | update: `mend` |
   * | the host of ssh | replace (the new node first) |
   * | anything else | update that only stores it |
   */
  async diff(_id: string, olds: KeptInputs, news: KeptInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces = replacedByHost(olds.ssh, news.ssh);
    const fields = ["ssh", "look", "mend", "limit", "faults"] as const;
    const changes = replaces.length > 0 || fields.some((key) => !isDeepStrictEqual(olds[key], news[key]));
    return { changes, replaces, deleteBeforeReplace: false };
  },

  async create(inputs: KeptInputs): Promise<pulumi.dynamic.CreateResult<KeptInputs>> {
    return { id: `${inputs.ssh.host}:kept`, outs: inputs };
  },

  async read(id: string, props: KeptInputs): Promise<pulumi.dynamic.ReadResult> {
    const { ssh, look, mend, limit } = props;
    const faults = await faultsOn(props);
    return { id, props: { ...props, faults }, inputs: { ssh, look, mend, limit, faults } };
  },

  async update(
    id: string,
    olds: KeptInputs,
    news: KeptInputs,
  ): Promise<pulumi.dynamic.UpdateResult<KeptInputs>> {
    const { ssh, look, mend, limit, faults } = news;
    const outs = { ssh, look, mend, limit, faults };
    return { outs: olds.faults === "" ? outs : await mended(id, outs, olds.faults) };
  },

  async delete(): Promise<void> {},
};
