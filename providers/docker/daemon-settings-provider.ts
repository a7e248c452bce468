import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { replacedByHost, type SshEndpoint } from "../remote/endpoint";
import { endpointSchema } from "../remote/files-provider";
import { asRoot, execOk } from "../remote/ssh";
import { storedCode } from "../shim";
import { checkInputs } from "../validation";
import { type Lists, missingIn, withLists, withoutLists } from "./daemon-json";

export interface DaemonSettingsInputs {
  ssh: SshEndpoint;
  file: string;
  lists: Lists;
}

export interface DaemonSettingsOutputs extends DaemonSettingsInputs {
  added: Lists;
}

const defaultFile = "/etc/docker/daemon.json";
const limit = 120_000;

const schema = z.object({
  ssh: endpointSchema,
  file: z.string("must be a text").regex(/^(\/[\w.-]+)+$/, "must be a plain absolute path"),
  lists: z.record(z.string(), z.array(z.string("must be a text"), "must be a list of texts")),
});

async function textOn({ ssh, file }: DaemonSettingsInputs): Promise<string> {
  return (await execOk(ssh, asRoot(ssh, `[ ! -e ${file} ] || cat ${file}`), { timeout: limit })).stdout;
}

/** Replaces the file, and makes the engine read it. */
async function write({ ssh, file }: DaemonSettingsInputs, before: string, after: string): Promise<void> {
  if (before === after) return;
  const swap =
    after === ""
      ? `rm -f ${file}`
      : `mkdir -p ${dirname(file)} && cat >${file}.new && chmod 0644 ${file}.new && mv -f ${file}.new ${file}`;
  // If Docker does not run, or has no systemd unit, it reads the file at its next start.
  const script = `{ ${swap}; } && { ! systemctl --quiet is-active docker || systemctl reload docker; }`;
  await execOk(ssh, asRoot(ssh, script), { stdin: after, timeout: limit });
}

async function converge(inputs: DaemonSettingsInputs, olds?: DaemonSettingsOutputs) {
  const before = await textOn(inputs);
  const without = olds ? withoutLists(before, olds.added) : before;
  const added = missingIn(without, inputs.lists);
  const after = Object.keys(added).length ? withLists(without, added) : without;
  await write(inputs, before, after);
  return { ...inputs, added };
}

/** The provider of {@link DaemonSettings}. */
export const daemonSettings = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news, { file: defaultFile });
  },

  async diff(
    _id: string,
    olds: DaemonSettingsOutputs,
    news: DaemonSettingsInputs,
  ): Promise<pulumi.dynamic.DiffResult> {
    const replaces = [...replacedByHost(olds.ssh, news.ssh), ...(olds.file === news.file ? [] : ["file"])];
    const changes =
      replaces.length > 0 ||
      !isDeepStrictEqual(olds.lists, news.lists) ||
      storedCode(olds) !== storedCode(news);
    return { changes, replaces };
  },

  async create(inputs: DaemonSettingsInputs): Promise<pulumi.dynamic.CreateResult<DaemonSettingsOutputs>> {
    return { id: inputs.file, outs: await converge(inputs) };
  },

  /** Values that somebody removed are drift. */
  async read(id: string, props: DaemonSettingsOutputs): Promise<pulumi.dynamic.ReadResult> {
    const missing = missingIn(await textOn(props), props.lists);
    const left = (lists: Lists): Lists =>
      Object.fromEntries(
        Object.entries(lists).map(([key, values]) => [
          key,
          values.filter((value) => !missing[key]?.includes(value)),
        ]),
      );
    const inputs = { ssh: props.ssh, file: props.file, lists: left(props.lists) };
    return { id, props: { ...inputs, added: left(props.added) }, inputs };
  },

  async update(
    _id: string,
    olds: DaemonSettingsOutputs,
    news: DaemonSettingsInputs,
  ): Promise<pulumi.dynamic.UpdateResult<DaemonSettingsOutputs>> {
    return { outs: await converge(news, olds) };
  },

  async delete(_id: string, props: DaemonSettingsOutputs): Promise<void> {
    const before = await textOn(props);
    await write(props, before, withoutLists(before, props.added));
  },
};
