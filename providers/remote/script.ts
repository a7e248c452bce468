import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BareScript,
  type PackedSet,
  packSet,
  type SetName,
  setFiles,
  setRoot,
} from "../../domain/node-set";
import { shellQuote } from "../../domain/shell-quote";
import { packageRoot } from "../../local/root";
import type { SshEndpoint } from "./endpoint";
import { asRoot, type ExecResult, exec, lastLines, sudoHint } from "./ssh";

/** Text of a file of node/. */
export const nodeFile = (path: string): string => readFileSync(join(packageRoot, "node", path), "utf8");

const packed = new Map<SetName, PackedSet>();

/** A set of this package, packed once in a process. */
export function packedSet(name: SetName): PackedSet {
  const known = packed.get(name);
  if (known) return known;
  const files = setFiles(name).map(({ path, mode }) => ({ path, mode, content: nodeFile(path) }));
  const set = packSet(files);
  packed.set(name, set);
  return set;
}

/**
 * The command line of a script that runs where no set of ours is: its text is an argument, so that it needs no file there,
 * and its input is free. For all others there is {@link runNodeScript}.
 */
export function bareScriptLine(script: BareScript, args: string[]): string {
  // It answers in JSON, as all do.
  const text = `${nodeFile("lib/json.bash")}\n${nodeFile(script)}`;
  return ["bash", "--norc", "-c", text, script, ...args].map(shellQuote).join(" ");
}

/** Milliseconds: an emulated node that is busy takes a second for each program that it starts. */
const installLimit = 120_000;

/**
 * Puts a set of this package on a node.
 *
 * @param link whether its link is switched to it, so that units and commands use it
 * @throws with what the node said if it cannot
 */
export async function installSet(ssh: SshEndpoint, name: SetName, link: boolean): Promise<void> {
  const { hash, archive } = packedSet(name);
  const args = ["put", hash, ...(link ? [name] : [])];
  await bareScript(ssh, "host/set", args, { stdin: archive, timeout: installLimit });
}

/** Runs a script as root where no set of ours need be; gives what it printed. @throws with what it said if it failed */
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

/** Ends with which a command line of {@link nodeScriptLine} says that the set is not there. */
const noSet = 90;

/** A script of a set, by its path in node/, such as `release/look`. */
export interface NodeScript {
  set?: SetName;
  path: string;
}

/**
 * The shell command, for root, that runs a script of this package's own version of a set, whatever the link names: so what
 * it prints is what this version reads.
 */
export function nodeScriptLine({ set = "current", path }: NodeScript, args: string[]): string {
  const folder = `"\${HA_RANCHER_PROGRAMS:-${setRoot}}/sets/${packedSet(set).hash}"`;
  const words = args.map(shellQuote).join(" ");
  return `[ -d ${folder} ] || exit ${noSet}; exec ${folder}/${path} ${words}`;
}

/** Runs a script on a node as root, whatever its exit code; its set is put there if it is not. */
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
 * Like {@link execNodeScript}, and gives what it printed.
 *
 * @throws if the node cannot be reached, or with the end of what the script said if it failed
 */
export async function runNodeScript(...args: Parameters<typeof execNodeScript>): Promise<string> {
  const result = await execNodeScript(...args);
  if (result.code === 0) return result.stdout;
  throw failed(args[0], result);
}
