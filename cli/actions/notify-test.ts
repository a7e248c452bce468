import { shownLines } from "../../domain/shown-text";
import { messageOf } from "../../local/errors";
import { type AskAgent, askAgent } from "../../stack/agents";
import type { KnownNode, KnownStack } from "../../stack/known-stack";

/** Milliseconds: ten channels, each of which may take its time. */
const limit = 500_000;

async function lines(node: KnownNode, ask: AskAgent): Promise<{ text: string[]; ok: boolean }> {
  try {
    const { code, stdout, stderr } = await ask(node, ["notify-test"], limit);
    const text = shownLines(`${stdout}${stderr}`).trim() || "its agent said nothing";
    return { text: text.split("\n"), ok: code === 0 };
  } catch (error) {
    return { text: [messageOf(error)], ok: false };
  }
}

/** Has each node tell a test to all that `notify` names. @returns 0; 1 if anybody could not be told */
export async function notifyTest({ nodes }: KnownStack, ask: AskAgent = askAgent): Promise<number> {
  const told = await Promise.all(nodes.map(async (node) => ({ node, ...(await lines(node, ask)) })));
  for (const { node, text } of told) for (const line of text) process.stdout.write(`${node.name}: ${line}\n`);
  return told.every(({ ok }) => ok) ? 0 : 1;
}
