import type { Cause } from "../../domain/causes";
import { callOf } from "../../local/called";

/** What Rancher, its datastore, Docker and the agent say when a start fails, and what it means. In order. */
export const causes: readonly Cause[] = [
  {
    pattern: "must be ran with the --privileged flag",
    meaning: "the container is not privileged: Rancher needs `privileged`",
  },
  {
    pattern: "not this stack's data|cannot be used",
    meaning:
      "the shared data cannot be used: look whether the NFS server answers, and whose data the directory has",
  },
  {
    pattern: "`watchdog` is required",
    meaning:
      "the nodes have no watchdog device that can be used: load the driver of one (`modprobe softdog`), or set `fencing.watchdog` to automatic",
  },
  {
    pattern: "port is already allocated|address already in use",
    meaning:
      "another program has the port: set `httpsPort` (or `httpPort`) to a free one, or stop that program",
  },
  {
    pattern: "killed for want of memory|out of memory|OOMKilled|exit code 137",
    meaning: "memory ran out: give the nodes more (`memory`); Rancher needs 4096 MiB or more",
  },
  {
    pattern:
      "datastore is still locked|file already locked|flocked by another process|database is locked|resource temporarily unavailable",
    meaning: `the datastore is locked by another instance: look with \`${callOf("status")}\` that only one node runs the service`,
  },
  {
    pattern: "overlayfs.{0,40}(cannot be enabled|not supported)|failed to create overlay",
    meaning:
      "containerd cannot use overlayfs: the agent's volume (`agentVolume`) must be on a local file system of the node",
  },
  {
    pattern: "no space left on device",
    meaning: "a disk is full: make room on the node, or on the NFS server",
  },
  {
    pattern: String.raw`cgroups?\b.{0,60}(not|no such|fail|missing|unable)|(fail|unable|not).{0,60}\bcgroup`,
    meaning: "the node's cgroups do not fit: use a kernel with cgroup v2, and a current Docker",
  },
  {
    pattern:
      "private key does not match|failed to (find|parse).{0,30}(certificate|PEM)|tls: .{0,40}(certificate|key)",
    meaning: "the certificate or its key is wrong: correct `tls`",
  },
  {
    pattern: "(cluster|datastore|etcd).{0,60}(downgrade|newer|higher than)|cannot downgrade",
    meaning:
      "the datastore is of a newer version: set `image` to that version, or restore a backup of this one",
  },
  {
    pattern: "exec format error|unsupported architecture",
    meaning: "the image is made for another kind of processor than the node's: use one for it",
  },
];
