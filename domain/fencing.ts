/** Options of fence agents that are nobody's business; they are written last, and never shown. */
export const isSecretOption = (name: string): boolean => /passw|secret|token|api_?key|community/.test(name);

/** A fence agent, and what it is told. */
export interface FenceAgent {
  /** A program, such as `fence_virsh` (Debian: fence-agents). */
  agent: string;
  /** What it is told for every node, by its own names of options. */
  options: Record<string, string>;
  /** What it is told for each node, by the node's name: at least how the agent calls it (`plug`, or `ip`). */
  nodes: Record<string, Record<string, string>>;
  /** Text of the private key with which it logs in over SSH. */
  sshKey?: string | undefined;
  /** The SSH host key of where it logs in, `TYPE BASE64`. */
  hostKey?: string | undefined;
}

/** Whether a fence agent fences; else the NFS server does (`storage`), or nodes do it themselves (`self`). */
export const hasAgent = ({ agent }: { agent: string }): boolean => agent !== "self" && agent !== "storage";

/** Whether the NFS server cuts nodes off: docs/storage-fencing.md. */
export const fencesByStorage = ({ agent }: { agent: string }): boolean => agent === "storage";
