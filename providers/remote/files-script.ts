import { createHash, randomBytes } from "node:crypto";
import { posix } from "node:path";
import { shellQuote } from "../../domain/shell-quote";
import { nodeFile } from "./script";

/*
 * What runs on a node for a Files: one POSIX shell script per operation, as root. It is files.sh, which says what
 * happens, and the calls that are made here; the contents come on standard input.
 */

/** Exit codes of the script that mean one thing each, as files.sh has them. */
export const exitCode = {
  checkFailed: 81,
  afterFailed: 82,
  incomplete: 83,
  notAFile: 84,
  halfSwapped: 85,
} as const;

/** One file, all of it given. */
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

/** The functions are there once per process, and not at all where no node is spoken to. */
let functions: string | undefined;
const script = (calls: readonly string[]): string => {
  functions ??= nodeFile("host/files.sh");
  return [functions, ...calls].join("\n");
};

/** What the script of {@link writeScript} reads on standard input. */
export const contentsOf = (files: FileStates): string =>
  Object.values(files)
    .map(({ content }) => content)
    .join("");

/**
 * Writes beside the targets, checks, and swaps. A candidate's name ends as the target's does, since some checks
 * go by that, and starts with a dot, since what reads whole folders skips such files.
 *
 * @param retired paths to remove besides
 * @param always run the checks and `afterWrite` even if all is right already
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

/** Removes the files that are there. */
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
 * What {@link readScript} printed, in the order of its paths; undefined for a file that is not there.
 *
 * @throws if it is not what the script prints
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
