import { linkedProgram } from "../../domain/node-set";
import { pinnedSshWords } from "../../providers/remote/endpoint";
import { rootPrefix } from "../../providers/remote/root";
import { bareScript, installSet, runNodeScript } from "../../providers/remote/script";
import { asRoot, exec } from "../../providers/remote/ssh";
import type { KnownNode } from "../../stack/known-stack";
import { endpointOf } from "../../stack/nodes";
import type { Shell } from "../probes/sampler";

/** Milliseconds for a verb on a node: an emulated node needs half a minute to stop a container. */
const commandLimit = 90_000;
/** The same for one that has another agent take over, or systemd start one. */
const agentLimit = 400_000;
const ofAgents = ["update", "take-back-update", "start-agent"];
/** Milliseconds for a question. */
const questionLimit = 30_000;

/** The files that the drill needs on a node; they are removed when the drill ends. */
const set = "drill";

/** Installs the drill's files on a node. */
export const installDrill = async (node: KnownNode): Promise<void> =>
  void (await installSet(await endpointOf(node), set, true));

/** Removes the drill's files from a node. One that does not answer keeps them until a later drill ends. */
export async function removeDrill(node: KnownNode): Promise<void> {
  try {
    await bareScript(await endpointOf(node), "host/set", ["remove", set], { timeout: questionLimit });
  } catch {
    // The node is off or still cut off.
  }
}

/** Runs a verb of node/drill/fault as root. @returns what it printed. @throws if it fails */
export async function runVerb(
  node: KnownNode,
  verb: string,
  args: string[],
  timeout = ofAgents.includes(verb) ? agentLimit : commandLimit,
): Promise<string> {
  const fault = { set, path: "drill/fault", limit: timeout } as const;
  return await runNodeScript(await endpointOf(node), fault, [verb, ...args]);
}

/** Where the recorder is on a node. */
export const recorderProgram = (): string => linkedProgram("drill/sampler", set);

/** Runs a command as root. @returns what it printed, or undefined if it failed */
export async function ask(node: KnownNode, command: string): Promise<string | undefined> {
  const ssh = await endpointOf(node);
  const { code, stdout } = await exec(ssh, asRoot(ssh, command), { timeout: questionLimit });
  return code === 0 ? stdout.trim() : undefined;
}

/** How a recorder is reached. The connection survives a pause of the node, and is closed when the node is gone. */
export const recorderShell = ({
  user,
  address,
  host = address,
  port,
  keyFile,
  knownHostsFile,
}: KnownNode): Shell => ({
  command: "ssh",
  args: [
    ...pinnedSshWords({ keyFile, knownHostsFile }),
    ...["-p", String(port)],
    ...[
      "BatchMode=yes",
      "ConnectTimeout=5",
      "ServerAliveInterval=5",
      "ServerAliveCountMax=6",
      "LogLevel=ERROR",
    ].flatMap((option) => ["-o", option]),
    `${user}@${host}`,
    ...[rootPrefix(user)].filter(Boolean),
  ],
});
