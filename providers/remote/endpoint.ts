import { unknownValue } from "../../local/pulumi/values";

/** How to log in to a node over SSH. */
export interface SshEndpoint {
  host: string;
  port: number;
  /** The login user: root, or a user with passwordless sudo. */
  user: string;
  /** The private key itself, OpenSSH or PEM form: a secret. */
  privateKey: string;
  /** The same key as a file on this machine, mode 0600, for programs that need a file (ssh, docker). */
  keyFile: string;
  /** The node's pinned host key: type and base64, as in `ssh-ed25519 AAAA...`. */
  hostKey: string;
  /** A known_hosts file with that host key, for programs that need a file. */
  knownHostsFile: string;
}

/** Identifies a machine: another one at the same address has another host key. */
export const machineOf = ({ host, hostKey }: SshEndpoint): string => `${host} ${hostKey}`;

/**
 * For the `diff` of a resource on a node: another host replaces it.
 *
 * @param news unknown as a whole in a preview that makes the machine again; there is then no host to compare
 */
export function replacedByHost(olds: SshEndpoint, news: SshEndpoint | undefined): string[] {
  const { host = unknownValue } = news ?? {};
  return host !== unknownValue && host !== olds.host ? ["ssh"] : [];
}

/** Quotes a path for OpenSSH's options where it must be: `%` begins a placeholder there, and spaces separate files. */
const asFile = (path: string): string =>
  /^[\w./+,-]+$/.test(path) ? path : `"${path.replaceAll("%", "%%")}"`;

/**
 * Arguments of OpenSSH's client that log in with this key alone, to the machine with the pinned host key alone. No
 * configuration is read: with `StrictHostKeyChecking no` or `ForwardAgent yes` in it whoever answers at the address would
 * get the commands, or the user's keys.
 */
export const pinnedSshWords = ({
  keyFile,
  knownHostsFile,
}: Pick<SshEndpoint, "keyFile" | "knownHostsFile">): string[] => [
  "-F",
  "/dev/null",
  "-i",
  keyFile,
  ...[
    "IdentitiesOnly=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${asFile(knownHostsFile)}`,
    "GlobalKnownHostsFile=/dev/null",
  ].flatMap((option) => ["-o", option]),
];

/** Arguments of OpenSSH's client, which Docker and the transfer of large files use. */
export const openSshOptions = (ssh: SshEndpoint): string[] => [
  ...pinnedSshWords(ssh),
  ...[
    // A new machine is busy, and an emulated one is slow.
    "ConnectTimeout=20",
    "BatchMode=yes",
    // Without these an operation on a hung node never ends.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
  ].flatMap((option) => ["-o", option]),
];
