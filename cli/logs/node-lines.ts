import { spawn } from "node:child_process";
import type { BareScript } from "../../domain/node-set";
import { passedOn } from "../../local/child-environment";
import { rootPrefix } from "../../providers/remote/root";
import { bareScriptLine } from "../../providers/remote/script";
import type { KnownNode } from "../../stack/known-stack";
import { sshArguments } from "../actions/ssh";

/** Characters of a line, which is kept until its end has come. */
const longestLine = 2 ** 20;

/** One connection that brings a node's lines. */
export interface NodeStream {
  /** Resolves when it has ended: with nothing, or with why. */
  ended: Promise<string | undefined>;
  /** Gives the script a line. */
  tell(line: string): void;
  end(): void;
}

/**
 * Runs a script on a node over a connection of its own, and passes on its lines as they come.
 *
 * @param program OpenSSH's client
 */
export function nodeLines(
  node: KnownNode,
  script: BareScript,
  args: string[],
  each: (line: string) => void,
  program = "ssh",
): NodeStream {
  const command = rootPrefix(node.user) + bareScriptLine(script, args);
  const child = spawn(program, sshArguments(node, [command]), {
    env: passedOn(process.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  child.stdin.on("error", () => {});
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop() ?? "";
    parts.forEach(each);
    if (rest.length <= longestLine) return;
    rest = "";
    said = "it sends a line without an end";
    child.kill();
  });
  child.stdout.on("end", () => rest && each(rest));
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(`\`${program}\` cannot be started: ${error.message}`));
    child.on("close", (code) => {
      const why = said.trim().split("\n").at(-1);
      resolve(code === 0 ? undefined : why || `the connection ended with code ${code}`);
    });
  });
  return {
    ended,
    tell: (line) => void child.stdin.write(`${line}\n`),
    end: () => {
      child.stdin.end();
      child.kill();
    },
  };
}
