import type { Cause } from "../../domain/causes";

/** What any container's log may say when it does not start. */
export const causes: readonly Cause[] = [
  {
    pattern: "no space left on device",
    meaning: "a disk is full: make room on the node, or on the NFS server",
  },
  {
    pattern: "permission denied|operation not permitted",
    meaning: "the container may not do something: look at `user`, `capabilities` and who owns the data",
  },
  {
    pattern: "port is already allocated|address already in use",
    meaning: "another program on the node has a port: publish another one, or stop that program",
  },
  {
    pattern: "killed for want of memory|out of memory|OOMKilled|exit code 137",
    meaning: "memory ran out: give the nodes more (`memory`), or the container (`container.memory`)",
  },
  {
    pattern: "not this stack's data|cannot be used",
    meaning:
      "the shared data cannot be used: look whether the NFS server answers, and whose data the directory has",
  },
];
