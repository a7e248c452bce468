import { setTimeout as sleep } from "node:timers/promises";
import { currentLab } from "../../lab";
import { ganeshaPid, startGanesha } from "../../lab/ganesha";
import { layout } from "../../lab/layout";
import { namespaceOf } from "../../lab/process";

/** An NFS server that may be broken. */
export interface Server {
  /** Milliseconds after its start in which nobody gets a new lock. */
  grace: number;
  alive(): boolean;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** The lab's own; undefined outside of a lab: of any other server nobody knows who uses it. */
export function labServer(): Server | undefined {
  const lab = currentLab();
  const inode = namespaceOf("self");
  if (!lab || inode === undefined) return undefined;
  const paths = layout(lab.home);
  return {
    // Grace_Period in lab/ganesha.ts.
    grace: 20_000,
    alive: () => ganeshaPid(paths, inode) !== undefined,
    async kill() {
      const pid = ganeshaPid(paths, inode);
      if (pid === undefined) return;
      process.kill(pid, "SIGKILL");
      while (ganeshaPid(paths, inode) !== undefined) await sleep(10);
    },
    start: () => startGanesha(paths, { name: lab.namespace, inode }, lab.nfs.address),
  };
}
