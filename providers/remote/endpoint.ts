import { unknownValue } from "../../local/pulumi/values";

/** How to log in to a node over SSH. */
export interface SshEndpoint {
  host: string;
  port: number;
  /** Has root's rights, or gets them by `sudo -n`. */
  user: string;
  /** The private key itself, OpenSSH or PEM form: a secret. */
  privateKey: string;
  /** The same key as a file on this machine, mode 0600, for programs that want one (ssh, docker). */
  keyFile: string;
  /** The node's pinned host key: type and base64, as in `ssh-ed25519 AAAA...`. */
  hostKey: string;
  /** A known_hosts file with that host key, for programs that want one. */
  knownHostsFile: string;
}

/** Tells a machine from another one that was made at the same address. */
export const machineOf = ({ host, hostKey }: SshEndpoint): string => `${host} ${hostKey}`;

/**
 * For the `diff` of what lives on a node: another host replaces it.
 *
 * @param news unknown as a whole in a preview that makes the machine anew: then there is no host to compare
 */
export function replacedByHost(olds: SshEndpoint, news: SshEndpoint | undefined): string[] {
  const { host = unknownValue } = news ?? {};
  return host !== unknownValue && host !== olds.host ? ["ssh"] : [];
}

/** Words for OpenSSH's own client, for whatever lets it do the work: Docker, and files of any size. */
export const openSshOptions = ({ keyFile, knownHostsFile }: SshEndpoint): string[] => [
  "-i",
  keyFile,
  ...[
    `UserKnownHostsFile=${knownHostsFile}`,
    // A machine that is being set up is busy, and an emulated one slow.
    "ConnectTimeout=20",
    "BatchMode=yes",
    // Without these a hung node blocks an operation for as long as it hangs.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
  ].flatMap((option) => ["-o", option]),
];
