import { createHash, randomBytes } from "node:crypto";
import { posix } from "node:path";
import { shellQuote } from "../../domain/shell-quote";
import { nodeFile } from "./script";

/*
 * The scripts on a node for a Files: one POSIX shell script per operation, which runs as root. It consists of files.sh,
 * which documents what happens, and of calls that are made here. The contents come through standard input.
 */

/** Exit codes of the script with a special meaning, as in files.sh. */
export const exitCode = {
  checkFailed: 81,
  afterFailed: 82,
  incomplete: 83,
  notAFile: 84,
  halfSwapped: 85,
} as const;

/** One file with all of its fields. */
export interface FileState {
  content: string;
  mode: string;
  owner: string;
  check?: string;
}

/** By absolute path. */
export type FileStates = Record<string, FileState>;

const call = (name: string, ...args: (string | number)[]): string =>
  [name, ...args.map((arg) => shellQuote(String(arg)))].join(" ");

/** The functions of files.sh, read once per process, and only if a node is contacted. */
let functions: string | undefined;
const script = (calls: readonly string[]): string => {
  functions ??= nodeFile("host/files.sh");
  return [functions, ...calls].join("\n");
};

/** The standard input for the script of {@link writeScript}. */
export const contentsOf = (files: FileStates): string =>
  Object.values(files)
    .map(({ content }) => content)
    .join("");

/**
 * Writes candidates beside the targets, checks them, and swaps them in. A candidate's name has the same ending as the
 * target's, since some checks depend on it. It starts with a dot, so that programs that read whole folders skip it.
 *
 * @param retired further paths, which are removed
 * @param always whether the checks and `afterWrite` run even if nothing has changed
 */
export function writeScript(
  files: FileStates,
  afterWrite: string | undefined,
  retired: readonly string[],
  always: boolean,
): string {
  let firstByte = 1;
  const staged = Object.entries(files).map(([path, file], number) => {
    const candidate = posix.join(
      posix.dirname(path),
      `.ha-rancher-${randomBytes(4).toString("hex")}.${posix.basename(path)}`,
    );
    const size = Buffer.byteLength(file.content);
    const stage = call("stage", number, path, candidate, firstByte, size, file.mode, file.owner);
    firstByte += size;
    const checks = file.check
      ? [
          call(
            "check",
            file.check.replaceAll("{}", () => shellQuote(candidate)),
          ),
        ]
      : [];
    return { candidate, stage, checks, swap: call("swap", number, path, candidate) };
  });
  const candidates = staged.map(({ candidate }) => shellQuote(candidate)).join(" ");
  return script([
    `remove_candidates() { rm -f ${candidates}; }`,
    call("receive", createHash("sha256").update(contentsOf(files)).digest("hex")),
    ...staged.map(({ stage }) => stage),
    ...retired.map((path) => call("retire", path)),
    ...(always ? [] : ["settle"]),
    ...staged.flatMap(({ checks }) => checks),
    ...staged.map(({ swap }) => swap),
    ...retired.map((path) => call("drop", path)),
    ...(afterWrite ? [call("finish", afterWrite)] : []),
  ]);
}

/** Prints a line for each path, see {@link parseRead}. */
export const readScript = (paths: readonly string[]): string =>
  script(paths.map((path) => call("show", path)));

/** Removes the files, as far as they exist. */
export const deleteScript = (paths: readonly string[], afterDelete: string | undefined): string =>
  script([
    ...paths.map((path) => call("drop", path)),
    ...(afterDelete ? [call("finish", afterDelete)] : []),
    ...paths.map((path) => call("gone", path)),
  ]);

/** A file as it was found on the node. */
export interface FoundFile {
  mode: string;
  /** Owner and group by number and by name. */
  numbers: string;
  names: string;
  content: string;
}

/**
 * Parses the output of {@link readScript}, in the order of its paths; undefined for a missing file.
 *
 * @throws if it is not output of the script
 */
export function parseRead(stdout: string): (FoundFile | undefined)[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line === "gone") return undefined;
      const [, mode, numbers, names, base64] =
        /^([0-7]+) (\d+:\d+) (.+)\|([A-Za-z0-9+/=]*)$/.exec(line) ?? [];
      if (mode === undefined || numbers === undefined || names === undefined || base64 === undefined)
        throw new Error("the node's answer is not understood: is something printed at each login there?");
      return { mode, numbers, names, content: Buffer.from(base64, "base64").toString() };
    });
}
