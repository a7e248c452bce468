import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { removeFolder } from "../../local/files";
import { type Exported, withoutResources } from "../../local/pulumi/exported";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { run } from "../../local/run";
import { type Forgetting, forgettingOf, whyItMayWrite } from "../../stack/forget";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { knownNode } from "../../stack/nodes";
import { signOfLife } from "../../stack/sign-of-life";
import type { Cli } from "../../stack/state";
import { confirm } from "../ui/confirm";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface ForgetOptions {
  stack: string;
  node: string;
  /** Do not ask. */
  yes?: boolean;
  /** Also a node that answers, or of which nobody can say that it does not serve. */
  force?: boolean;
}

/** How Pulumi is called, and the stack's file, which it may write. */
export interface StackAccess {
  cli: Cli;
  file: string;
}

/** Refuses a node that runs, or that may have the right to write. */
async function refuseAlive(known: KnownStack, { stack, node, force }: ForgetOptions): Promise<void> {
  const asked = knownNode(known, node);
  const others = known.nodes.filter(({ name }) => name !== node);
  if (force) return;
  const forced = `\`${callOn(stack, "forget", "--force", node)}\``;
  const alive = await signOfLife(asked);
  if (alive)
    throw new Failure(
      `${node} is not gone: ${alive}. Take it out of \`nodes\`, and \`${callOn(stack, "up")}\` cleans it up; ${forced} leaves all on it as it is`,
    );
  const why = whyItMayWrite(node, await askNodes(others));
  if (why)
    throw new Failure(
      `${why}: wait until another node serves (\`${callOn(stack, "status")}\`; where one waits for the fence agent, \`${callOn(stack, "fence-confirm", node)}\`). If nothing is to serve any more, and you saw for yourself that ${node} is off: ${forced}`,
    );
}

const shown = ({ urn, type }: { urn: string; type: string }): string =>
  `${urn.replace(/.*::/, "")} (${type.replace(/^.*[:/](\w+:\w+)$/, "$1")})`;

/** Says what leaves the state, and asks. */
async function agree({ resources }: Forgetting, { stack, node, yes, force }: ForgetOptions): Promise<void> {
  const title = `${resources.length} resources leave the state of ${stack}, and nothing is done on ${node}:`;
  const losses = resources.map(shown);
  const warning = `A node that is only unreachable may still run the service. If ${node} runs, what is on it stays, and nobody stops it`;
  if (yes) for (const line of [title, ...losses.map((each) => `  ${each}`), warning]) say(line);
  else
    await confirm({
      title,
      losses: [...losses, warning],
      message: `Did you see for yourself that ${node} is off, or gone for good?`,
      unasked: callOn(stack, "forget", ...(force ? ["--force"] : []), "--yes", node),
    });
}

/** Refuses what Pulumi was told to keep. */
function refuseProtected({ resources }: Forgetting): void {
  const kept = resources.filter(({ protect }) => protect);
  if (kept.length > 0)
    throw new Failure(
      `${kept.map(shown).join(", ")} ${kept.length > 1 ? "are" : "is"} protected: \`pulumi state unprotect\` first`,
    );
}

/**
 * Takes a node that is gone for good out of the state, with all that was made on it alone. Everything else stays. Nothing is
 * done on any node.
 *
 * @returns 0
 * @throws Failure if that node answers, nobody can say that it does not serve, or the answer is no; nothing was changed then
 */
export async function forget(
  known: KnownStack,
  options: ForgetOptions,
  { cli: { pulumi, env, cwd }, file }: StackAccess,
): Promise<number> {
  const { stack, node } = options;
  await refuseAlive(known, options);
  const flags = ["--stack", stack, "--non-interactive"];
  const exported = JSON.parse(
    (await run(pulumi, ["stack", "export", ...flags], { env, cwd })).stdout,
  ) as Exported;
  const forgetting = forgettingOf(
    exported,
    node,
    known.nodes.map(({ name }) => name),
  );
  if (!forgetting) throw new Failure(`the state of ${stack} has no node ${node}: there is nothing to forget`);
  refuseProtected(forgetting);
  await agree(forgetting, options);
  const input = JSON.stringify(
    withoutResources(
      exported,
      forgetting.resources.map(({ urn }) => urn),
    ),
  );
  await keepingStackFile(file, () => run(pulumi, ["stack", "import", ...flags], { env, cwd, input }));
  const { isHost, directory } = forgetting;
  if (isHost && directory !== "") await removeFolder(directory);
  else say(`${directory} stays, with what Vagrant knows of the machine`);
  say(
    `${node} is forgotten. Take it out of \`nodes\`, and \`${callOn(stack, "up")}\` tells the other nodes;`,
  );
  say(`until then the shared data is still exported to it. \`${callOn(stack, "down")}\` does without it`);
  say("Do not switch it on again before its agent is disabled there:");
  say("  systemctl disable --now ha-rancher-agent ha-rancher-lease keepalived");
  return 0;
}
