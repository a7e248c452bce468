import { linkedProgram } from "../domain/node-set";
import { shellQuote } from "../domain/shell-quote";
import { callOf } from "../local/called";
import { messageOf } from "../local/errors";
import { rootPrefix } from "../providers/remote/root";
import { type ExecResult, exec, lastLines } from "../providers/remote/ssh";
import type { KnownNode } from "./known-stack";
import { endpointOf } from "./nodes";

/** Runs the agent's command line on a node, such as `["pause", "a reason"]`. @throws if the node cannot be reached */
export type AskAgent = (node: KnownNode, words: readonly string[], timeout: number) => Promise<ExecResult>;

export const askAgent: AskAgent = async (node, words, timeout) => {
  const ssh = await endpointOf(node);
  const command = [linkedProgram("host/agent"), ...words.map(shellQuote)].join(" ");
  const result = await exec(ssh, `${rootPrefix(ssh.user)}${command}`, { timeout });
  if (result.code !== 0 && /host\/agent\W.*(not found|No such file)/.test(result.stderr))
    throw new Error(
      `it has no agent, but programs of another version of this project: \`${callOf("up")}\` brings it`,
    );
  return result;
};

/** Milliseconds for an order: a busy emulated node takes seconds for the login, and to start Python. */
const orderLimit = 20_000;

/** What became of an order on a node. */
export interface Told {
  name: string;
  /** What the agent said beside it; empty: nothing. */
  words: string;
  /** Why the order was not given; undefined: it was. */
  error?: string;
}

async function tell(node: KnownNode, words: readonly string[], ask: AskAgent): Promise<Told> {
  const { name } = node;
  try {
    const { code, stdout, stderr } = await ask(node, words, orderLimit);
    const said = lastLines(stderr || stdout).replaceAll("\n", "; ");
    return code === 0
      ? { name, words: said }
      : { name, words: "", error: said || `\`agent ${words[0]}\` ended with code ${code}` };
  } catch (error) {
    return { name, words: "", error: messageOf(error) };
  }
}

/** Gives an order to nodes, all at once; each one's failure is its own. */
export const tellAgents = (
  nodes: readonly KnownNode[],
  words: readonly string[],
  ask: AskAgent = askAgent,
): Promise<Told[]> => Promise.all(nodes.map((node) => tell(node, words, ask)));
