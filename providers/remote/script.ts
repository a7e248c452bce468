import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BareScript, type PackedSet, packSet, type SetName, setRoot } from "../../domain/node-set";
import { shellQuote } from "../../domain/shell-quote";
import { packageRoot } from "../../local/root";
import type { SshEndpoint } from "./endpoint";
import { setFiles } from "./set-files";
import { asRoot, type ExecResult, exec, lastLines, sudoHint } from "./ssh";

/** Text of a file of node/. */
export const nodeFile = (path: string): string => readFileSync(join(packageRoot, "node", path), "utf8");

const packed = new Map<SetName, PackedSet>();

/** A set of this package, packed once per process. */
export function packedSet(name: SetName): PackedSet {
  const known = packed.get(name);
  if (known) return known;
  const files = setFiles(name).map(({ path, mode }) => ({ path, mode, content: nodeFile(path) }));
  const set = packSet(files);
  packed.set(name, set);
  return set;
}

/**
 * The command line of a script for a node without a set. The text of the script is an argument, so it needs no file
 * there, and its standard input is free. All other scripts use {@link runNodeScript}.
 */
export function bareScriptLine(script: BareScript, args: string[]): string {
  // Without what the node's own Python is told by files and variables.
  if (script.endsWith(".py"))
    return ["python3", "-I", "-c", nodeFile(script), ...args].map(shellQuote).join(" ");
  // It answers in JSON, like all scripts.
  const text = `${nodeFile("lib/json.bash")}\n${nodeFile(script)}`;
  return ["bash", "--norc", "-c", text, script, ...args].map(shellQuote).join(" ");
}

/** Milliseconds for a script: a busy emulated node takes a second for each program that it starts. */
const installLimit = 120_000;

/**
 * Puts a set of this package on a node.
 *
 * @param link whether the link is switched to the set, so that units and commands use it
 * @throws with the node's error text
 */
export async function installSet(ssh: SshEndpoint, name: SetName, link: boolean): Promise<void> {
  const { hash, archive } = packedSet(name);
  const args = ["put", hash, ...(link ? [name] : [])];
  await bareScript(ssh, "host/set", args, { stdin: archive, timeout: installLimit });
}

/**
 * Runs a script as root on a node that needs no set, and returns its output. @throws with its error text if it failed
 */
export async function bareScript(
  ssh: SshEndpoint,
  script: BareScript,
  args: string[],
  options: { stdin?: string; timeout: number },
): Promise<string> {
  const result = await exec(ssh, asRoot(ssh, bareScriptLine(script, args)), options);
  if (result.code === 0) return result.stdout;
  throw failed(ssh, result);
}

const failed = (ssh: SshEndpoint, result: ExecResult): Error =>
  new Error(`${lastLines(result.stderr || result.stdout) || `code ${result.code}`}${sudoHint(ssh, result)}`);

/** The exit code of a command line of {@link nodeScriptLine} if the set is not there. */
const noSet = 90;

/** A script of a set, by its path in node/, such as `release/look`. */
export interface NodeScript {
  set?: SetName;
  path: string;
}

/**
 * The shell command, for root, that runs a script of this package's own version of a set, whatever the link names. So
 * its output has the form that this version reads.
 */
export function nodeScriptLine({ set = "current", path }: NodeScript, args: string[]): string {
  const folder = `"\${HA_RANCHER_PROGRAMS:-${setRoot}}/sets/${packedSet(set).hash}"`;
  const words = args.map(shellQuote).join(" ");
  return `[ -d ${folder} ] || exit ${noSet}; exec ${folder}/${path} ${words}`;
}

/** Runs a script on a node as root, whatever its exit code. If its set is not there, it is installed first. */
export async function execNodeScript(
  ssh: SshEndpoint,
  script: NodeScript & { /** Milliseconds that it may take. */ limit: number },
  args: string[] = [],
  stdin = "",
): Promise<ExecResult> {
  const line = asRoot(ssh, nodeScriptLine(script, args));
  const options = { stdin, timeout: script.limit };
  const result = await exec(ssh, line, options);
  if (result.code !== noSet) return result;
  await installSet(ssh, script.set ?? "current", false);
  return await exec(ssh, line, options);
}

/**
 * Like {@link execNodeScript}, but returns its output.
 *
 * @throws if the node cannot be reached, or with the end of the script's error text if it failed
 */
export async function runNodeScript(...args: Parameters<typeof execNodeScript>): Promise<string> {
  const result = await execNodeScript(...args);
  if (result.code === 0) return result.stdout;
  throw failed(args[0], result);
}
