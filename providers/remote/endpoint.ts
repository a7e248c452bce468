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
