import type * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unknownValue } from "../../local/pulumi/values";
import { partialFailure } from "../shim";
import { checkInputs } from "../validation";
import { claim, isThere, prepare, release, remove } from "./directory";
import { type GaneshaLocation, ganeshaServer } from "./ganesha";
import { includablePath } from "./ganesha-conf";
import { kernelServer } from "./kernel";
import type { NfsServer, Published } from "./server";

/** The server of the export: nfs-ganesha, or the kernel of this machine. */
export type ExportServer = ({ kind: "ganesha" } & GaneshaLocation) | { kind: "kernel" };

/** An Export's checked inputs. */
export interface ExportInputs {
  name: string;
  directory: string;
  clients: string[];
  server: ExportServer;
  sentinel: string;
  removeData: boolean;
}

export interface ExportOutputs extends ExportInputs, Published {}

const text = z.string("must be a text");

const plainPath = text
  .regex(
    /^(\/[^/\p{Cc}]+)+$/u,
    "must be an absolute path below `/`, without `//`, a `/` at the end and control characters",
  )
  .refine(
    (path) => !path.split("/").some((part) => part === "." || part === ".."),
    "must not contain `.` or `..`",
  );

const includable = text.regex(
  includablePath,
  "must be an absolute path of letters, digits and `._-` only, since ganesha includes no other: choose another folder",
);

const schema = z.object({
  name: text.regex(
    /^[A-Za-z0-9][\w.-]{0,62}$/,
    "must be 1 to 63 letters, digits and `._-`, beginning with a letter or digit",
  ),
  directory: plainPath,
  clients: z
    .array(
      text.refine(
        (address) => ipaddr.IPv4.isValidFourPartDecimal(address),
        "must be an IPv4 address such as `192.168.56.11`",
      ),
      "must be a list of addresses",
    )
    .min(1, "must list at least one node: an export to nobody serves nothing"),
  server: z.discriminatedUnion(
    "kind",
    [
      z.object({
        kind: z.literal("ganesha"),
        exportsDirectory: includable,
        exportsIndex: includable,
        pidFile: plainPath,
      }),
      z.object({ kind: z.literal("kernel") }),
    ],
    "must say what serves it: `ganesha` or `kernel`",
  ),
  sentinel: text.regex(/^\P{Cc}+$/u, "must be one line of text"),
  removeData: z.boolean("must be true or false"),
});

/** Sorted and without duplicates, so that another order of the nodes is no change. */
function normalized(clients: unknown): unknown {
  return Array.isArray(clients) && !clients.includes(unknownValue) ? [...new Set(clients)].sort() : clients;
}

const serverOf = (server: ExportServer): NfsServer =>
  server.kind === "ganesha" ? ganeshaServer(server) : kernelServer();

/** Identifies a server by its exports; its pid file may move. */
function placeOf(server: ExportServer): string {
  return server.kind === "kernel" ? "kernel" : `${server.exportsDirectory} ${server.exportsIndex}`;
}

function inputsOf({ name, directory, clients, server, sentinel, removeData }: ExportInputs): ExportInputs {
  return { name, directory, clients, server, sentinel, removeData };
}

/** Makes everything that is missing, and corrects the rest. */
async function converge(news: ExportInputs, known?: Published): Promise<ExportOutputs> {
  await claim(news.directory, news.name, news.removeData);
  try {
    await prepare(news.directory, news.name, news.sentinel);
    return { ...news, ...(await serverOf(news.server).publish(news)) };
  } catch (error) {
    throw partialFailure(error, news.name, {
      ...news,
      path: known?.path ?? "",
      exportId: known?.exportId ?? 0,
    });
  }
}

/** The variable with the export whose data is deleted whatever its inputs say; `down --purge-data` sets it. */
export const purgeVariable = "HA_RANCHER_PURGE_DATA";

/** The provider of {@link Export}. */
export const nfsExport = {
  async check(_olds: object, news: { clients?: unknown }): Promise<pulumi.dynamic.CheckResult> {
    const clients = news.clients === undefined ? {} : { clients: normalized(news.clients) };
    return checkInputs(schema, { ...news, ...clients }, { removeData: false });
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | name, directory | replace, the old one first: two exports never share a directory |
   * | clients, server, sentinel, removeData | update |
   */
  async diff(_id: string, olds: ExportOutputs, news: ExportInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces = (["name", "directory"] as const).filter((key) => olds[key] !== news[key]);
    const comparable = (state: ExportInputs): string => {
      const { server } = state;
      const ordered = server && typeof server === "object" ? Object.entries(server).sort() : server;
      return JSON.stringify([normalized(state.clients), ordered, state.sentinel, state.removeData]);
    };
    const changes = replaces.length > 0 || comparable(olds) !== comparable(news);
    // A partial failure has no path yet.
    const stays =
      olds.path !== "" && typeof news.server === "object" && placeOf(olds.server) === placeOf(news.server);
    return { changes, replaces, stables: stays ? ["path", "exportId"] : [], deleteBeforeReplace: true };
  },

  async create(inputs: ExportInputs): Promise<pulumi.dynamic.CreateResult<ExportOutputs>> {
    return { id: inputs.name, outs: await converge(inputs) };
  },

  async read(id: string, props: ExportOutputs): Promise<pulumi.dynamic.ReadResult> {
    const clients = await serverOf(props.server).look(props);
    if (clients === undefined || !(await isThere(props.directory))) return { id: "" };
    const inputs = { ...inputsOf(props), clients };
    return { id, props: { ...inputs, path: props.path, exportId: props.exportId }, inputs };
  },

  async update(
    _id: string,
    olds: ExportOutputs,
    news: ExportInputs,
  ): Promise<pulumi.dynamic.UpdateResult<ExportOutputs>> {
    if (placeOf(olds.server) !== placeOf(news.server))
      await serverOf(olds.server).withdraw(olds.name, olds.directory);
    return { outs: await converge(news, olds) };
  },

  async delete(_id: string, props: ExportOutputs): Promise<void> {
    await serverOf(props.server).withdraw(props.name, props.directory);
    if (props.removeData || process.env[purgeVariable] === props.name)
      await remove(props.directory, props.name);
    else await release(props.directory, props.name);
  },
};
