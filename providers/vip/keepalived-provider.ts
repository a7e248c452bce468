import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { answerOf } from "../remote/answer";
import { machineOf, replacedByHost, type SshEndpoint } from "../remote/endpoint";
import { checkInputs } from "../validation";
import { parseLook, runScript } from "./scripts";

/** A Keepalived's checked inputs. */
export interface KeepalivedInputs {
  ssh: SshEndpoint;
  minimumVersion: string;
  /** With prefix. */
  vips: string[];
}

export interface KeepalivedOutputs extends KeepalivedInputs {
  version: string;
  /** Packages that were missing before; destroying the resource removes them. */
  installed: string[];
}

const schema = z.looseObject({
  minimumVersion: z.string("must be a version").regex(/^\d+(\.\d+)+$/, "must be a version such as 2.1.5"),
  vips: z.array(
    z.string().regex(/^[0-9a-fA-F.:]+\/\d+$/, "must be an address with its prefix"),
    "must be a list",
  ),
});

const installation = z.object({
  version: z.string().regex(/^\d+(\.\d+)+$/),
  installed: z.array(z.string()),
});

/** Parses the output of `install`. */
export const parseInstall = (stdout: string): { version: string; installed: string[] } =>
  answerOf(installation, "keepalived/install", stdout);

async function install(inputs: KeepalivedInputs, before: string[]): Promise<KeepalivedOutputs> {
  const { version, installed } = parseInstall(
    await runScript(inputs.ssh, "install", [inputs.minimumVersion]),
  );
  return { ...inputs, version, installed: [...new Set([...before, ...installed])] };
}

/** Whether nothing has to be installed. In a preview the endpoint may not be known. */
const isInstalledAlike = (olds: KeepalivedOutputs, news: KeepalivedInputs): boolean =>
  typeof news.ssh === "object" &&
  machineOf(olds.ssh) === machineOf(news.ssh) &&
  olds.minimumVersion === news.minimumVersion;

/** The provider of {@link Keepalived}: see there for what it does. */
export const keepalived = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news);
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | the host of ssh | replace (the new node first) |
   * | another machine at the same host (its key), minimumVersion | update that installs there |
   * | vips, ssh: other | update that only stores it |
   */
  async diff(
    _id: string,
    olds: KeepalivedOutputs,
    news: KeepalivedInputs,
  ): Promise<pulumi.dynamic.DiffResult> {
    const replaces = replacedByHost(olds.ssh, news.ssh);
    const fields = ["minimumVersion", "vips", "ssh"] as const;
    const changes = replaces.length > 0 || fields.some((key) => !isDeepStrictEqual(olds[key], news[key]));
    const stables = isInstalledAlike(olds, news) ? ["version", "installed"] : [];
    return { changes, replaces, stables, deleteBeforeReplace: false };
  },

  async create(inputs: KeepalivedInputs): Promise<pulumi.dynamic.CreateResult<KeepalivedOutputs>> {
    return { id: `${inputs.ssh.host}:keepalived`, outs: await install(inputs, []) };
  },

  /** If keepalived is gone, or what it needs beside it, the next `up` installs it again. */
  async read(id: string, props: KeepalivedOutputs): Promise<pulumi.dynamic.ReadResult> {
    const { version, missing } = parseLook(await runScript(props.ssh, "look"));
    if (!version) return { id: "" };
    const { ssh, vips } = props;
    // What no settings ask for: the installation is run again, and what it installed before stays known.
    const minimumVersion =
      missing.length > 0 ? `none: ${missing.join(" and ")} is missing` : props.minimumVersion;
    return { id, props: { ...props, minimumVersion, version }, inputs: { ssh, minimumVersion, vips } };
  },

  async update(
    _id: string,
    olds: KeepalivedOutputs,
    news: KeepalivedInputs,
  ): Promise<pulumi.dynamic.UpdateResult<KeepalivedOutputs>> {
    if (isInstalledAlike(olds, news)) return { outs: { ...olds, ...news } };
    return { outs: await install(news, machineOf(olds.ssh) === machineOf(news.ssh) ? olds.installed : []) };
  },

  async delete(_id: string, { ssh, vips, installed }: KeepalivedOutputs): Promise<void> {
    await runScript(ssh, "remove", [...vips, "--", ...installed]);
  },
};
