import { fenceDirectory } from "../domain/agent-configuration";
import { type FenceAgent, isSecretOption } from "../domain/fencing";

const keyFile = `${fenceDirectory}/ssh.key`;
const knownHosts = `${fenceDirectory}/ssh.known_hosts`;

/** One `option=value`, as fence agents read it; the settings' rules leave nothing that would need quoting. */
const line = ([name, value]: [string, string]): string => `${name}=${value}\n`;

/** What the agent is told about a node: secrets last, behind a mark after which nothing is ever shown. */
function optionsOf(fencing: FenceAgent, node: string): string {
  const all = Object.entries({
    ...fencing.options,
    ...(fencing.sshKey ? { identity_file: keyFile } : {}),
    ...fencing.nodes[node],
  });
  const secret = all.filter(([name]) => isSecretOption(name));
  const open = all.filter(([name]) => !isSecretOption(name));
  return `# Made by ha-rancher: how ${fencing.agent} is told of ${node}.\n${open.map(line).join("")}# secret\n${secret.map(line).join("")}`;
}

/**
 * The files that a node needs to fence the others, by path; what could be secret is for root alone. The agent reads its options from
 * standard input, so none of them is ever in a list of processes.
 *
 * @param nodes names of all nodes
 */
export function fenceFiles(
  fencing: FenceAgent,
  nodes: string[],
): Record<string, { content: string; mode: string }> {
  const { sshKey, hostKey, options } = fencing;
  const ssh = sshKey && {
    [keyFile]: sshKey.endsWith("\n") ? sshKey : `${sshKey}\n`,
    [knownHosts]: `${hostOf(options)} ${hostKey}\n`,
    // The agents leave ssh's options to ssh: with an unknown key they would just say yes.
    "/etc/ssh/ssh_config.d/ha-rancher-fence.conf": `Match host ${options.ip}\n  GlobalKnownHostsFile ${knownHosts}\n  StrictHostKeyChecking yes\n  ConnectTimeout 5\n`,
  };
  const files = {
    ...Object.fromEntries(nodes.map((node) => [`${fenceDirectory}/${node}`, optionsOf(fencing, node)])),
    ...ssh,
  };
  // ssh fails for everybody who cannot read a file in ssh_config.d.
  const mode = (path: string): string => (path.startsWith("/etc/ssh/") ? "0644" : "0600");
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, { content, mode: mode(path) }]),
  );
}

/** A host as known_hosts has it: with its port if that is not SSH's own. */
const hostOf = ({ ip, ipport = "22" }: Record<string, string>): string =>
  ipport === "22" ? `${ip}` : `[${ip}]:${ipport}`;
