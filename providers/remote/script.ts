import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../local/root";
import type { SshEndpoint } from "./endpoint";
import { shellQuote } from "./quote";
import { rootPrefix } from "./root";
import { exec, lastLines, sudoHint } from "./ssh";

/** A bash script of this package that runs on nodes. */
export interface NodeScript {
  /** Of the package, such as `node/release`. */
  folder: string;
  name: string;
}

/** The command line that runs a script as root: the script itself is an argument, so its input is free. */
export function nodeScriptLine(user: string, { folder, name }: NodeScript, args: string[]): string {
  const text = readFileSync(join(packageRoot, folder, name), "utf8");
  const argv = ["bash", "--norc", "-c", text, name, ...args].map(shellQuote).join(" ");
  return `${rootPrefix(user)}${argv}`;
}

/**
 * Runs a script on a node and gives what it printed.
 *
 * @throws if the node cannot be reached, or with the end of what the script said if it failed
 */
export async function runNodeScript(
  ssh: SshEndpoint,
  script: NodeScript & { /** Milliseconds that it may take. */ limit: number },
  args: string[] = [],
  stdin = "",
): Promise<string> {
  const result = await exec(ssh, nodeScriptLine(ssh.user, script, args), { stdin, timeout: script.limit });
  if (result.code === 0) return result.stdout;
  throw new Error(
    `${lastLines(result.stderr || result.stdout) || `code ${result.code}`}${sudoHint(ssh, result)}`,
  );
}
