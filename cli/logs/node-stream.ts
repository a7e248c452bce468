import { spawn } from "node:child_process";
import { nodeUnits } from "../../domain/journal-units";
import { passedOn } from "../../local/child-environment";
import { rootPrefix } from "../../providers/remote/root";
import { bareScriptLine } from "../../providers/remote/script";
import type { KnownNode } from "../../stack/known-stack";
import { sshArguments } from "../actions/ssh";
import { type LogLine, logLine } from "./lines";

/** Characters of a line, which is kept until its end has come. */
const longestLine = 2 ** 20;

/** One connection that brings a node's lines. */
export interface NodeStream {
  /** Resolves when it has ended: with nothing, or with why. */
  ended: Promise<string | undefined>;
  end(): void;
}

/**
 * Begins to read a node's log.
 *
 * @param seconds how far back
 */
export function nodeStream(
  node: KnownNode,
  { seconds, follow }: { seconds: number; follow: boolean },
  each: (line: LogLine) => void,
  program = "ssh",
): NodeStream {
  const args = [String(Math.max(1, Math.ceil(seconds))), follow ? "yes" : "no", ...nodeUnits];
  const command = rootPrefix(node.user) + bareScriptLine("host/logs", args);
  const child = spawn(program, sshArguments(node, [command]), {
    env: passedOn(process.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  child.stdin.on("error", () => {});
  const tell = (text: string): void => {
    const line = logLine(text);
    if (line) each(line);
  };
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop() ?? "";
    parts.forEach(tell);
    if (rest.length <= longestLine) return;
    rest = "";
    said = "it sends a line without an end";
    child.kill();
  });
  child.stdout.on("end", () => rest && tell(rest));
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(`\`${program}\` cannot be started: ${error.message}`));
    child.on("close", (code) => {
      const why = said.trim().split("\n").at(-1);
      resolve(code === 0 ? undefined : why || `the connection ended with code ${code}`);
    });
  });
  return {
    ended,
    end: () => {
      child.stdin.end();
      child.kill();
    },
  };
}
