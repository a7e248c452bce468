import type * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unknownValue } from "../../local/pulumi/values";
import { partialFailure } from "../shim";
import { checkInputs } from "../validation";
import { claim, isThere, prepare, release, remove } from "./directory";
import { type GaneshaLocation, ganeshaServer } from "./ganesha";
import { includablePath } from "./ganesha-conf";
import { imagePoint, imageServer } from "./images";
import { kernelServer } from "./kernel";
import { refuseSharedFileSystem } from "./own-file-system";
import type { NfsServer, Published } from "./server";

/**
 * The server of the export: nfs-ganesha; or the kernel of this machine, with a directory that is there, or with an image of
 * so many GiB that is a file system of its own. An image grows in place, and never shrinks.
 */
export type ExportServer =
  | ({ kind: "ganesha" } & GaneshaLocation)
  | { kind: "kernel" }
  | { kind: "image"; gibibytes: number };

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
      z.object({
        kind: z.literal("image"),
        gibibytes: z
          .number("must be a number")
          .int("must be a whole number")
          .min(1, "must be at least 1")
          .max(16_384, "must be at most 16384"),
      }),
    ],
    "must say what serves it: `ganesha`, `kernel` or `image`",
  ),
  sentinel: text.regex(/^\P{Cc}+$/u, "must be one line of text"),
  removeData: z.boolean("must be true or false"),
});

/** Sorted and without duplicates, so that another order of the nodes is no change. */
function normalized(clients: unknown): unknown {
  return Array.isArray(clients) && !clients.includes(unknownValue) ? [...new Set(clients)].sort() : clients;
}

function serverOf({ server, sentinel }: Pick<ExportInputs, "server" | "sentinel">): NfsServer {
  if (server.kind === "image") return imageServer({ gibibytes: server.gibibytes, sentinel });
  return server.kind === "ganesha" ? ganeshaServer(server) : kernelServer();
}

/** Identifies a server by its exports; its pid file may move, and its image may grow. */
function placeOf(server: ExportServer): string {
  return server.kind === "ganesha" ? `${server.exportsDirectory} ${server.exportsIndex}` : server.kind;
}

function inputsOf({ name, directory, clients, server, sentinel, removeData }: ExportInputs): ExportInputs {
  return { name, directory, clients, server, sentinel, removeData };
}

/** Makes everything that is missing, and corrects the rest. */
async function converge(news: ExportInputs, known?: Published): Promise<ExportOutputs> {
  // What is in an image is made by the helper alone.
  const isDirectory = news.server.kind !== "image";
  if (isDirectory) await claim(news.directory, news.name, news.removeData);
  try {
    if (isDirectory) await prepare(news.directory, news.name, news.sentinel);
    return { ...news, ...(await serverOf(news).publish(news)) };
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
    const checked = checkInputs(schema, { ...news, ...clients }, { removeData: false });
    const { name, directory, server } = (checked.inputs ?? {}) as Partial<ExportInputs>;
    const misplaced = name && server?.kind === "image" && directory !== imagePoint(name);
    if (!misplaced) return checked;
    const reason = `\`directory\` must be ${imagePoint(name)}: that is where its image is mounted`;
    return { ...checked, failures: [...(checked.failures ?? []), { property: "directory", reason }] };
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
    if (inputs.server.kind === "kernel") refuseSharedFileSystem(inputs.directory);
    return { id: inputs.name, outs: await converge(inputs) };
  },

  async read(id: string, props: ExportOutputs): Promise<pulumi.dynamic.ReadResult> {
    const clients = await serverOf(props).look(props);
    const isWhole = props.server.kind === "image" || (await isThere(props.directory));
    if (clients === undefined || !isWhole) return { id: "" };
    const inputs = { ...inputsOf(props), clients };
    return { id, props: { ...inputs, path: props.path, exportId: props.exportId }, inputs };
  },

  async update(
    _id: string,
    olds: ExportOutputs,
    news: ExportInputs,
  ): Promise<pulumi.dynamic.UpdateResult<ExportOutputs>> {
    if (placeOf(olds.server) !== placeOf(news.server))
      await serverOf(olds).withdraw(olds.name, olds.directory);
    return { outs: await converge(news, olds) };
  },

  async delete(_id: string, props: ExportOutputs): Promise<void> {
    await serverOf(props).withdraw(props.name, props.directory);
    const ends = props.removeData || process.env[purgeVariable] === props.name;
    if (props.server.kind === "image") {
      if (ends) await imageServer({ ...props.server, sentinel: props.sentinel }).remove(props.name);
    } else if (ends) await remove(props.directory, props.name);
    else await release(props.directory, props.name);
  },
};
