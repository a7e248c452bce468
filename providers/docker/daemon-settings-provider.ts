import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { replacedByHost, type SshEndpoint } from "../remote/endpoint";
import { endpointSchema } from "../remote/files-provider";
import { asRoot, execOk } from "../remote/ssh";
import type { Migration } from "../stored";
import { checkInputs } from "../validation";
import {
  type Lists,
  missingIn,
  saysLiveRestore,
  withLists,
  withLiveRestore,
  withoutLists,
  withoutLiveRestore,
} from "./daemon-json";

export interface DaemonSettingsInputs {
  ssh: SshEndpoint;
  file: string;
  lists: Lists;
  liveRestore: boolean;
}

export interface DaemonSettingsOutputs extends DaemonSettingsInputs {
  added: Lists;
  /** Whether `live-restore` was not in the file before. */
  addedLiveRestore: boolean;
}

const defaultFile = "/etc/docker/daemon.json";
const limit = 120_000;

const schema = z.object({
  ssh: endpointSchema,
  file: z.string("must be a text").regex(/^(\/[\w.-]+)+$/, "must be a plain absolute path"),
  lists: z.record(z.string(), z.array(z.string("must be a text"), "must be a list of texts")),
  liveRestore: z.boolean("must be true or false"),
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
      : [
          `mkdir -p ${dirname(file)}`,
          // It may hold the passwords of proxies: nobody else reads it who could not before.
          `(umask 077 && cat >${file}.new)`,
          `if [ -e ${file} ]; then chmod --reference=${file} ${file}.new; else chmod 0644 ${file}.new; fi`,
          `mv -f ${file}.new ${file}`,
        ].join(" && ");
  // If Docker does not run, or has no systemd unit, it reads the file at its next start.
  const script = `{ ${swap}; } && { ! systemctl --quiet is-active docker || systemctl reload docker; }`;
  await execOk(ssh, asRoot(ssh, script), { stdin: after, timeout: limit });
}

/** A file without what was added to it. */
function withoutAdded(text: string, { added, addedLiveRestore }: DaemonSettingsOutputs): string {
  const lists = withoutLists(text, added);
  return addedLiveRestore ? withoutLiveRestore(lists) : lists;
}

/** Whether the engine has no live restore and could have it. */
async function mayLiveRestore({ ssh }: DaemonSettingsInputs): Promise<boolean> {
  const line = `docker info --format '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}'`;
  const { stdout } = await execOk(ssh, asRoot(ssh, line), { timeout: limit });
  return stdout.trim() === "false inactive";
}

async function converge(
  inputs: DaemonSettingsInputs,
  olds?: DaemonSettingsOutputs,
): Promise<DaemonSettingsOutputs> {
  const before = await textOn(inputs);
  const without = olds ? withoutAdded(before, olds) : before;
  const added = missingIn(without, inputs.lists);
  const lists = Object.keys(added).length ? withLists(without, added) : without;
  const addedLiveRestore =
    inputs.liveRestore &&
    !saysLiveRestore(without) &&
    // Of one that was added here the engine could not tell: it may still be in force.
    (olds?.addedLiveRestore === true || (await mayLiveRestore(inputs)));
  await write(inputs, before, addedLiveRestore ? withLiveRestore(lists) : lists);
  return { ...inputs, added, addedLiveRestore };
}

/** Outputs of a version that did not know of live restore. */
export const migrations: Migration[] = [
  (outputs) => ({ liveRestore: false, addedLiveRestore: false, ...outputs }),
];

/** The provider of {@link DaemonSettings}. */
export const daemonSettings = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news, { file: defaultFile, liveRestore: false });
  },

  async diff(
    _id: string,
    olds: DaemonSettingsOutputs,
    news: DaemonSettingsInputs,
  ): Promise<pulumi.dynamic.DiffResult> {
    const replaces = [...replacedByHost(olds.ssh, news.ssh), ...(olds.file === news.file ? [] : ["file"])];
    const changes =
      replaces.length > 0 ||
      !isDeepStrictEqual(olds.ssh, news.ssh) ||
      !isDeepStrictEqual(olds.lists, news.lists) ||
      olds.liveRestore !== news.liveRestore;
    return { changes, replaces };
  },

  async create(inputs: DaemonSettingsInputs): Promise<pulumi.dynamic.CreateResult<DaemonSettingsOutputs>> {
    return { id: inputs.file, outs: await converge(inputs) };
  },

  /** Values that somebody removed are drift. */
  async read(id: string, props: DaemonSettingsOutputs): Promise<pulumi.dynamic.ReadResult> {
    const text = await textOn(props);
    const missing = missingIn(text, props.lists);
    const left = (lists: Lists): Lists =>
      Object.fromEntries(
        Object.entries(lists).map(([key, values]) => [
          key,
          values.filter((value) => !missing[key]?.includes(value)),
        ]),
      );
    const { ssh, file, addedLiveRestore } = props;
    const isOut = addedLiveRestore && !saysLiveRestore(text);
    const liveRestore = !isOut && props.liveRestore;
    const inputs = { ssh, file, lists: left(props.lists), liveRestore };
    return { id, props: { ...inputs, added: left(props.added), addedLiveRestore }, inputs };
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
    await write(props, before, withoutAdded(before, props));
  },
};
