import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { partialFailure, unknownValue } from "../shim";
import { checkInputs } from "../validation";
import { SshError, shownEndpoint } from "./dial";
import type { SshEndpoint } from "./endpoint";
import { deleteScript, exitCode, type FileState, parseRead, readScript, writeScript } from "./file-script";
import { asRoot, type ExecResult, exec, lastLines, sudoHint } from "./ssh";

/** A File's checked inputs. */
export interface FileInputs extends FileState {
  ssh: SshEndpoint;
  afterDelete?: string;
}

/** What the state holds of a File. */
export interface FileOutputs extends FileInputs {
  /** The content may have been swapped in without `afterWrite` having succeeded: it has to run. */
  unfinished: boolean;
}

/**
 * Milliseconds per operation: `check` and `afterWrite` may reload services on a slow node. Seen: 65 s for a
 * `systemctl daemon-reload` on an emulated, overloaded one.
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

const schema = z.object({
  ssh: endpointSchema,
  path: text
    .regex(/^\//, "must be absolute: begin it with a `/`")
    .refine(
      (path) =>
        path === "/" ||
        !path
          .slice(1)
          .split("/")
          .some((part) => ["", ".", ".."].includes(part)),
      "must be the plain path of a file: without `.`, `..`, `//` and a `/` at the end",
    )
    .refine((path) => path !== "/", "must name a file, not the root folder")
    .refine((path) => !path.includes("\0"), "must not hold a null byte"),
  content: text,
  mode: text.regex(/^0?[0-7]{3,4}$/, "must be an octal mode in quotes, such as `0644`"),
  owner: text.regex(/^[\w.-]+:[\w.-]+$/, "must be user and group, such as `root:root`"),
  check: command.refine(
    (value) => value === undefined || value.includes("{}"),
    "must hold `{}`, which stands for the file to check, as in `visudo -cf {}`",
  ),
  afterWrite: command,
  afterDelete: command,
});

const identity = ({ host, hostKey }: SshEndpoint): string => `${host} ${hostKey}`;

const contentKeys = ["content", "mode", "owner", "check", "afterWrite", "afterDelete"] as const;

/** Whether anything but the way to log in differs. */
const differs = (olds: Partial<FileInputs>, news: Partial<FileInputs>): boolean =>
  contentKeys.some((key) => olds[key] !== news[key]);

async function onNode(file: FileInputs, script: string, stdin = ""): Promise<ExecResult> {
  try {
    return await exec(file.ssh, asRoot(file.ssh, script), { stdin, timeout: limit });
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    throw new SshError(
      error.failure,
      `${file.path}: ${error.message}\nIf the machine is gone for good, take what was on it out of the state with \`pulumi state delete\`.`,
    );
  }
}

/** Never shows the content: it may be secret. */
function explain(file: FileInputs, result: ExecResult): string {
  const where = `${file.path} on ${shownEndpoint(file.ssh)}`;
  const said = lastLines(result.stderr || result.stdout);
  switch (result.code) {
    case exitCode.checkFailed:
      return `${where}: \`check\` refused the new \`content\`, so the file was left as it is. It said:\n${said}`;
    case exitCode.afterFailed:
      return `${where}: the command that follows the change failed; the next run repeats it. It said:\n${said}`;
    default:
      return `${where} could not be changed (code ${result.code}):\n${said}${sudoHint(file.ssh, result)}`;
  }
}

/** Whether the script may have got past the swap, so that only `afterWrite` is missing. */
const mayHaveChanged = (error: unknown): boolean =>
  error instanceof SshError && (error.failure === "lost" || error.failure === "timeout");

async function write(id: string, news: FileInputs, always: boolean): Promise<FileOutputs> {
  // With the serialized provider, which Pulumi adds to outputs but not to those of a partial failure.
  const unfinished: FileOutputs = { ...news, unfinished: true };
  let result: ExecResult;
  try {
    result = await onNode(news, writeScript(news, always), news.content);
  } catch (error) {
    throw mayHaveChanged(error) ? partialFailure(error, id, unfinished) : error;
  }
  if (result.code === exitCode.afterFailed) throw partialFailure(explain(news, result), id, unfinished);
  if (result.code !== 0) throw new Error(explain(news, result));
  return { ...unfinished, unfinished: false };
}

/** The provider of {@link File}: see there for what it does. */
export const file = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news, { mode: "0644", owner: "root:root" });
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | content, mode, owner, check, afterWrite, afterDelete | update |
   * | path, or the host of ssh | replace (the new file first) |
   * | ssh: another machine at the same host (its key) | update that writes the file there |
   * | ssh: other | update that only stores it |
   */
  async diff(_id: string, olds: FileOutputs, news: FileInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces: string[] = [];
    if (olds.path !== news.path) replaces.push("path");
    // `ssh` as a whole is unknown in a preview that makes the machine anew: then there is no host to compare.
    const { host = unknownValue } = news.ssh;
    if (host !== unknownValue && host !== olds.ssh.host) replaces.push("ssh");
    const changes =
      replaces.length > 0 ||
      olds.unfinished ||
      differs(olds, news) ||
      JSON.stringify(olds.ssh, sortedKeys) !== JSON.stringify(news.ssh, sortedKeys) ||
      (olds as { __provider?: string }).__provider !== (news as { __provider?: string }).__provider;
    return { changes, replaces, deleteBeforeReplace: false };
  },

  async create(inputs: FileInputs): Promise<pulumi.dynamic.CreateResult<FileOutputs>> {
    const id = `${inputs.ssh.host}:${inputs.path}`;
    return { id, outs: await write(id, inputs, true) };
  },

  async read(id: string, props: FileOutputs): Promise<pulumi.dynamic.ReadResult> {
    const result = await onNode(props, readScript(props.path));
    if (result.code !== 0) throw new Error(explain(props, result));
    const found = parseRead(result.stdout);
    if (!found) return { id: "" };
    const { unfinished, ...inputs } = props;
    const live: FileInputs = {
      ...inputs,
      content: found.content,
      mode:
        Number.parseInt(props.mode, 8) === Number.parseInt(found.mode, 8)
          ? props.mode
          : found.mode.padStart(4, "0"),
      owner: [found.names, found.numbers].includes(props.owner) ? props.owner : found.names,
    };
    return { id, props: { ...live, unfinished }, inputs: live };
  },

  async update(
    id: string,
    olds: FileOutputs,
    news: FileInputs,
  ): Promise<pulumi.dynamic.UpdateResult<FileOutputs>> {
    const untouched = !olds.unfinished && !differs(olds, news) && identity(olds.ssh) === identity(news.ssh);
    if (untouched) return { outs: { ...news, unfinished: false } };
    return { outs: await write(id, news, olds.unfinished === true) };
  },

  async delete(_id: string, props: FileOutputs): Promise<void> {
    const result = await onNode(props, deleteScript(props.path, props.afterDelete));
    if (result.code !== 0) throw new Error(explain(props, result));
  },
};

/** For comparing objects as text, whatever the order of their keys. */
function sortedKeys(_key: string, value: unknown): unknown {
  return value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
