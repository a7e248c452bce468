import { nodeUnits } from "../../domain/journal-units";
import type { KnownNode } from "../../stack/known-stack";
import { type LogLine, logLine } from "./lines";
import { type NodeStream, nodeLines } from "./node-lines";

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
  const tell = (text: string): void => {
    const line = logLine(text);
    if (line) each(line);
  };
  return nodeLines(node, "host/logs", args, tell, program);
}
