import { setTimeout as sleep } from "node:timers/promises";
import { currentLab } from "../../lab";
import { ganeshaPid, startGanesha } from "../../lab/ganesha";
import { layout } from "../../lab/layout";
import { namespaceOf } from "../../lab/process";
import type { ServerAction } from "../faults";

/** An NFS server that may be broken. */
export interface Server {
  /** For so many milliseconds after its start it gives nobody a new lock. */
  grace: number;
  alive(): boolean;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Sends it a signal, if it runs. */
  signal(name: NodeJS.Signals): void;
}

/** The lab's own server; undefined outside of a lab, since nobody knows who else uses another server. */
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
    signal(name) {
      const pid = ganeshaPid(paths, inode);
      if (pid !== undefined) process.kill(pid, name);
    },
    start: () => startGanesha(paths, { name: lab.namespace, inode }, lab.nfs.address),
  };
}

/** Kills and starts the NFS server for the drill. If the server ends by itself, it is started again. */
export class ServerControl {
  private killed = false;
  private accident: string | undefined;

  /** @param server undefined: it is not the drill's to break */
  constructor(
    private readonly server: Server | undefined,
    private readonly say: (line: string) => void,
  ) {}

  async perform(verb: ServerAction["verb"]): Promise<void> {
    if (!this.server) throw new Error("the NFS server is not the lab's");
    this.killed = verb === "kill";
    switch (verb) {
      case "kill":
        return await this.server.kill();
      case "start":
        return await this.server.start();
      case "stop":
        return this.server.signal("SIGSTOP");
      case "continue":
        return this.server.signal("SIGCONT");
    }
  }

  /** Starts a server that has ended by itself: elsewhere systemd does that, in the lab nobody. */
  async mend(): Promise<void> {
    if (!this.server || this.killed || this.server.alive()) return;
    this.accident = "the lab's NFS server had ended by itself";
    this.say(`${this.accident}: it is started again`);
    await this.server.start();
  }

  /** What happened since the last call. */
  takeAccident(): string | undefined {
    const { accident } = this;
    this.accident = undefined;
    return accident;
  }
}
