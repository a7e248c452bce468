import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { callOf } from "../../local/called";
import { partialFailure } from "../shim";
import { checkInputs } from "../validation";
import { SshError, shownEndpoint } from "./dial";
import { machineOf, replacedByHost, type SshEndpoint } from "./endpoint";
import {
  contentsOf,
  deleteScript,
  exitCode,
  type FileState,
  type FileStates,
  type FoundFile,
  parseRead,
  readScript,
  writeScript,
} from "./files-script";
import { asRoot, type ExecResult, exec, lastLines, sudoHint } from "./ssh";

/** The checked inputs of a Files. */
export interface FilesInputs {
  ssh: SshEndpoint;
  files: FileStates;
  afterWrite?: string;
  afterDelete?: string;
}

/** A Files in the state. */
export interface FilesOutputs extends FilesInputs {
  /** Whether `afterWrite` must still run: some files may be on the node, but it has not succeeded since. */
  unfinished: boolean;
  /** Paths that an unfinished change may not have removed. */
  retired: string[];
}

/**
 * Milliseconds per operation: `check` and `afterWrite` may reload services on a slow node. An emulated, overloaded node
 * once took 65 s for a `systemctl daemon-reload`.
 */
const limit = 300_000;

const text = z.string("must be a text");
const command = text.min(1, "must not be empty: leave it out instead").optional();

/** Shape of an {@link SshEndpoint}. */
export const endpointSchema = z.object(
  {
    host: text.min(1, "must name a host: give its address"),
    port: z
      .int("must be a port number, 1 to 65535")
      .min(1, "must be 1 or more")
      .max(65535, "must be 65535 or less"),
    user: text.regex(/^[A-Za-z_][\w.-]*$/, "must be the name of a user on the node, such as `vagrant`"),
    privateKey: text.regex(
      /PRIVATE KEY/,
      "must be a private key itself in OpenSSH or PEM form, not a file's name",
    ),
    keyFile: text.min(1, "must name the file that holds the private key"),
    hostKey: text.regex(
      /^(ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*(\s|$)/,
      "must be a host key's type and base64, as `ssh-keyscan` shows them after the address",
    ),
    knownHostsFile: text.min(1, "must name a known_hosts file with the host key"),
  },
  "must say how to log in to the node",
);

const path = text
  .regex(/^\//, "must be absolute: begin it with a `/`")
  .refine(
    (value) =>
      value === "/" ||
      !value
        .slice(1)
        .split("/")
        .some((part) => ["", ".", ".."].includes(part)),
    "must be the plain path of a file: without `.`, `..`, `//` and a `/` at the end",
  )
  .refine((value) => value !== "/", "must name a file, not the root folder")
  .refine((value) => !value.includes("\0"), "must not hold a null byte");

const schema = z.object({
  ssh: endpointSchema,
  files: z
    .record(
      path,
      z.object(
        {
          content: text,
          mode: text.regex(/^0?[0-7]{3,4}$/, "must be an octal mode in quotes, such as `0644`"),
          owner: text.regex(/^[\w.-]+:[\w.-]+$/, "must be user and group, such as `root:root`"),
          check: command.refine(
            (value) => value === undefined || value.includes("{}"),
            "must hold `{}`, which stands for the file to check, as in `visudo -cf {}`",
          ),
        },
        "must be a file's `content`, and what else is to be said of it",
      ),
      "must hold the files by their paths",
    )
    .refine((files) => Object.keys(files).length > 0, "must hold a file"),
  afterWrite: command,
  afterDelete: command,
});

const fileDefaults = { mode: "0644", owner: "root:root" };

/** The inputs with the defaults of all files. */
function withDefaults(news: object): object {
  const { files } = news as Partial<FilesInputs>;
  if (typeof files !== "object" || files === null) return news;
  const filled = Object.entries(files).map(([name, file]) => {
    if (typeof file !== "object" || file === null) return [name, file];
    const given = Object.entries(file).filter(([, value]) => value !== undefined);
    return [name, { ...fileDefaults, ...Object.fromEntries(given) }];
  });
  return { ...news, files: Object.fromEntries(filled) };
}

/** Whether anything differs, except for how to log in. */
const differs = (olds: FilesInputs, news: FilesInputs): boolean =>
  !isDeepStrictEqual(
    [olds.files, olds.afterWrite, olds.afterDelete],
    [news.files, news.afterWrite, news.afterDelete],
  );

/** Names the files in messages: the only one, or the first and the number of others. */
function named(files: FilesInputs): string {
  const [first = "no file", ...more] = Object.keys(files.files);
  return more.length ? `${first} (and ${more.length} more)` : first;
}

async function onNode(files: FilesInputs, script: string, stdin = ""): Promise<ExecResult> {
  try {
    return await exec(files.ssh, asRoot(files.ssh, script), { stdin, timeout: limit });
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    throw new SshError(
      error.failure,
      `${named(files)}: ${error.message}\nIf the machine is gone for good, \`${callOf("forget", "NODE")}\` takes it out of the state; in a program of your own, \`pulumi state delete\`.`,
    );
  }
}

/** The error for a failed operation. It never shows contents, which may be secret. */
function explain(files: FilesInputs, result: ExecResult): string {
  const where = `${named(files)} on ${shownEndpoint(files.ssh)}`;
  const said = lastLines(result.stderr || result.stdout);
  switch (result.code) {
    case exitCode.checkFailed:
      return `${where}: \`check\` refused the new \`content\`, so all was left as it is. It said:\n${said}`;
    case exitCode.afterFailed:
      return `${where}: the command that follows the change failed; the next run repeats it. It said:\n${said}`;
    default:
      return `${where} could not be changed (code ${result.code}):\n${said}${sudoHint(files.ssh, result)}`;
  }
}

/** Whether the script may have got past the first swap. */
const mayHaveChanged = (error: unknown): boolean =>
  error instanceof SshError && (error.failure === "lost" || error.failure === "timeout");

async function write(
  id: string,
  news: FilesInputs,
  retired: string[],
  always: boolean,
): Promise<FilesOutputs> {
  const unfinished: FilesOutputs = { ...news, unfinished: true, retired };
  let result: ExecResult;
  try {
    const script = writeScript(news.files, news.afterWrite, retired, always);
    result = await onNode(news, script, contentsOf(news.files));
  } catch (error) {
    throw mayHaveChanged(error) ? partialFailure(error, id, unfinished) : error;
  }
  if (result.code === exitCode.afterFailed || result.code === exitCode.halfSwapped)
    throw partialFailure(explain(news, result), id, unfinished);
  if (result.code !== 0) throw new Error(explain(news, result));
  return { ...news, unfinished: false, retired: [] };
}

/** The files on the node. Values that mean the same as those of the program are written like those. */
function live(given: FileState, found: FoundFile): FileState {
  const sameMode = Number.parseInt(given.mode, 8) === Number.parseInt(found.mode, 8);
  return {
    ...given,
    content: found.content,
    mode: sameMode ? given.mode : found.mode.padStart(4, "0"),
    owner: [found.names, found.numbers].includes(given.owner) ? given.owner : found.names,
  };
}

/** The provider of {@link Files}: see there for what it does. */
export const files = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, withDefaults(news));
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | files, afterWrite, afterDelete | update: files that left the map are removed |
   * | the host of ssh | replace (the new files first) |
   * | ssh: another machine at the same host (its key) | update that writes the files there |
   * | ssh: other | update that only stores it |
   */
  async diff(_id: string, olds: FilesOutputs, news: FilesInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces = replacedByHost(olds.ssh, news.ssh);
    const changes =
      replaces.length > 0 || olds.unfinished || differs(olds, news) || !isDeepStrictEqual(olds.ssh, news.ssh);
    return { changes, replaces, deleteBeforeReplace: false };
  },

  async create(inputs: FilesInputs): Promise<pulumi.dynamic.CreateResult<FilesOutputs>> {
    const id = `${inputs.ssh.host}:${Object.keys(inputs.files)[0]}`;
    return { id, outs: await write(id, inputs, [], true) };
  },

  async read(id: string, props: FilesOutputs): Promise<pulumi.dynamic.ReadResult> {
    const paths = Object.keys(props.files);
    const result = await onNode(props, readScript(paths));
    if (result.code !== 0) throw new Error(explain(props, result));
    const found = parseRead(result.stdout);
    const there = Object.entries(props.files).flatMap(([name, given], index) => {
      const file = found[index];
      return file ? [[name, live(given, file)] as const] : [];
    });
    if (there.length === 0) return { id: "" };
    const { unfinished, retired, ...inputs } = props;
    const changed: FilesInputs = { ...inputs, files: Object.fromEntries(there) };
    return { id, props: { ...changed, unfinished, retired }, inputs: changed };
  },

  async update(
    id: string,
    olds: FilesOutputs,
    news: FilesInputs,
  ): Promise<pulumi.dynamic.UpdateResult<FilesOutputs>> {
    const untouched = !olds.unfinished && !differs(olds, news) && machineOf(olds.ssh) === machineOf(news.ssh);
    if (untouched) return { outs: { ...news, unfinished: false, retired: [] } };
    const retired = [...Object.keys(olds.files), ...olds.retired].filter((name) => !(name in news.files));
    return { outs: await write(id, news, retired, olds.unfinished) };
  },

  async delete(_id: string, props: FilesOutputs): Promise<void> {
    const paths = [...Object.keys(props.files), ...props.retired];
    const result = await onNode(props, deleteScript(paths, props.afterDelete));
    if (result.code !== 0) throw new Error(explain(props, result));
  },
};
