/** What Rancher, its datastore, Docker and the guard say when a start fails, and what it means. In order. */
const causes: [RegExp, string][] = [
  [/must be ran with the --privileged flag/i, "the container is not privileged: Rancher needs `privileged`"],
  [
    /not this stack's data|cannot be used/i,
    "the shared data cannot be used: look whether the NFS server answers, and whose data the directory has",
  ],
  [
    /port is already allocated|address already in use/i,
    "another program has the port: set `httpsPort` (or `httpPort`) to a free one, or stop that program",
  ],
  [
    /killed for want of memory|out of memory|OOMKilled|exit code 137/i,
    "memory ran out: give the nodes more (`memory`); Rancher needs 4096 MiB or more",
  ],
  [
    /file already locked|flocked by another process|database is locked|resource temporarily unavailable/i,
    "the datastore is locked by another instance: look with `npm run status` that only one node runs the service",
  ],
  [
    /overlayfs.{0,40}(cannot be enabled|not supported)|failed to create overlay/i,
    "containerd cannot use overlayfs: the agent's volume (`agentVolume`) must be on a local file system of the node",
  ],
  [/no space left on device/i, "a disk is full: make room on the node, or on the NFS server"],
  [
    /cgroups?\b.{0,60}(not|no such|fail|missing|unable)|(fail|unable|not).{0,60}\bcgroup/i,
    "the node's cgroups do not fit: use a kernel with cgroup v2, and a current Docker",
  ],
  [
    /private key does not match|failed to (find|parse).{0,30}(certificate|PEM)|tls: .{0,40}(certificate|key)/i,
    "the certificate or its key is wrong: correct `tls`",
  ],
  [
    /(cluster|datastore|etcd).{0,60}(downgrade|newer|higher than)|cannot downgrade/i,
    "the datastore is of a newer version: set `image` to that version, or restore a backup of this one",
  ],
  [
    /exec format error|unsupported architecture/i,
    "the image is made for another kind of processor than the node's: use one for it",
  ],
];

/** The likely cause of a failed start, from what was logged, with the way out; undefined if nothing is known. */
export const likelyCause = (log: string): string | undefined =>
  causes.find(([pattern]) => pattern.test(log))?.[1];

/** What was logged, with the likely cause behind it if one is known. */
export function withLikelyCause(log: string): string {
  const cause = likelyCause(log);
  return `${log.trim()}${cause ? `\nLikely cause: ${cause}.` : ""}`;
}
