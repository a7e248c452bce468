import { createHash, randomBytes } from "node:crypto";
import { posix } from "node:path";
import { shellQuote } from "./quote";

/*
 * What runs on a node for a File: one POSIX shell script per operation, as root. Values are quoted into its head,
 * the content comes on standard input. The last line of standard output is the result; what `check` and the other
 * commands print goes to standard error.
 */

/** Exit codes of the scripts that mean one thing each. */
export const exitCode = { checkFailed: 81, afterFailed: 82, incomplete: 83, notAFile: 84 } as const;

export interface FileState {
  path: string;
  content: string;
  mode: string;
  owner: string;
  check?: string;
  afterWrite?: string;
}

const assign = (values: Record<string, string>): string[] =>
  Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}`);

/**
 * Writes beside the target, checks, and swaps. A candidate's name ends as the target's does, since some checks
 * go by that, and starts with a dot, since what reads whole folders skips such files.
 *
 * @param always run `check` and `afterWrite` even if content, mode and owner are right already
 */
export function writeScript(file: FileState, always: boolean): string {
  const directory = posix.dirname(file.path);
  const name = posix.basename(file.path);
  const candidate = posix.join(directory, `.ha-rancher-${randomBytes(4).toString("hex")}.${name}`);
  const values = {
    path: file.path,
    directory,
    name,
    candidate,
    mode: file.mode,
    owner: file.owner,
    sum: createHash("sha256").update(file.content).digest("hex"),
    check: file.check?.replaceAll("{}", () => shellQuote(candidate)) ?? "",
    after: file.afterWrite ?? "",
    always: always ? "yes" : "",
  };
  return [
    "set -eu",
    "umask 077",
    ...assign(values),
    "trap 'rm -f \"$candidate\"' EXIT",
    "trap 'exit 80' HUP INT TERM PIPE",
    `if [ -e "$path" ] && [ ! -f "$path" ]; then echo "$path is there already and is not a file" >&2; exit ${exitCode.notAFile}; fi`,
    '[ -d "$directory" ] || (umask 022 && mkdir -p "$directory")',
    // Left by a run that was killed.
    'rm -f "$directory"/.ha-rancher-????????."$name"',
    'cat > "$candidate"',
    // A connection that breaks looks like the end of the content.
    `[ "$(sha256sum < "$candidate")" = "$sum  -" ] || { echo "the content did not arrive completely" >&2; exit ${exitCode.incomplete}; }`,
    'chown "$owner" "$candidate"',
    'chmod "$mode" "$candidate"',
    "changed=yes",
    `if [ -f "$path" ] && [ ! -L "$path" ] && cmp -s "$candidate" "$path" && [ "$(stat -c '%a %u %g' "$candidate")" = "$(stat -c '%a %u %g' "$path")" ]; then changed=; fi`,
    'if [ -z "$changed$always" ]; then echo unchanged; exit 0; fi',
    `if [ -n "$check" ]; then sh -c "$check" </dev/null >&2 || exit ${exitCode.checkFailed}; fi`,
    'if [ -n "$changed" ]; then sync "$candidate"; mv -fT "$candidate" "$path"; sync "$directory"; fi',
    `if [ -n "$after" ]; then sh -c "$after" </dev/null >&2 || exit ${exitCode.afterFailed}; fi`,
    "echo written",
  ].join("\n");
}

/** Prints `gone`, or a line of mode, owner by number and owner by name, and then the content as it is. */
export function readScript(path: string): string {
  return [
    "set -eu",
    ...assign({ path }),
    'if [ ! -f "$path" ] || [ -L "$path" ]; then echo gone; exit 0; fi',
    `stat -c '%a %u:%g %U:%G' "$path"`,
    'cat "$path"',
  ].join("\n");
}

/** Removes the file if it is there, and a folder of systemd drop-ins, or of this project, that is empty then. */
export function deleteScript(path: string, afterDelete: string | undefined): string {
  return [
    "set -eu",
    ...assign({ path, directory: posix.dirname(path), name: posix.basename(path), after: afterDelete ?? "" }),
    `if [ -e "$path" ] && [ ! -f "$path" ]; then echo "$path is not a file any more" >&2; exit ${exitCode.notAFile}; fi`,
    'rm -f "$path" "$directory"/.ha-rancher-????????."$name"',
    'case "$directory" in */ha-rancher | /etc/systemd/system/*.d) rmdir "$directory" 2>/dev/null || : ;; esac',
    `if [ -n "$after" ]; then sh -c "$after" </dev/null >&2 || exit ${exitCode.afterFailed}; fi`,
    'if [ -e "$path" ]; then echo "$path came back after it was removed" >&2; exit 1; fi',
  ].join("\n");
}

/** What {@link readScript} printed; undefined if there is no file. */
export function parseRead(
  stdout: string,
): { mode: string; numbers: string; names: string; content: string } | undefined {
  const end = stdout.indexOf("\n");
  const [, mode, numbers, names] = /^([0-7]+) (\d+:\d+) (.+)$/.exec(stdout.slice(0, end)) ?? [];
  if (mode === undefined || numbers === undefined || names === undefined) return undefined;
  return { mode, numbers, names, content: stdout.slice(end + 1) };
}
