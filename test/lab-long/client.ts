import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { ObserverOrder, Seen } from "../../drill/probes/observer";
import type { Write } from "../../drill/probes/writes";
import { longestGap } from "../../drill/statistics";
import { clock } from "../../local/clock";
import { packageRoot } from "../../local/root";
import { labNamespace } from "../lab/command";

/** A client in the lab's network that writes numbers through the VIP, one after the other. */
export class Client {
  readonly writes: Write[] = [];
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(order: ObserverOrder) {
    const observer = join(packageRoot, "dist", "drill", "probes", "observer.js");
    const argv = ["netns", "exec", labNamespace, process.execPath, observer, JSON.stringify(order)];
    this.child = spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        const seen = JSON.parse(line) as Seen;
        if (seen.kind === "ready") this.child.stdin?.write("begin\n");
        if (seen.kind === "write") this.writes.push(seen);
      });
  }

  acknowledgedSince(when: number): boolean {
    return this.writes.some(({ outcome, sent }) => outcome === "yes" && sent > when);
  }

  /** Ends it, once or again. */
  async stop(): Promise<void> {
    this.child.stdin?.write("stop\n");
    await this.ended;
  }
}

/** Longest time without an acknowledged write, milliseconds. */
export const longestWriteGap = (writes: readonly Write[]): number =>
  longestGap(writes.filter(({ outcome }) => outcome === "yes").map(({ answered }) => answered));

/** Waits until something is so, at most so many seconds. */
export async function until(condition: () => boolean | Promise<boolean>, seconds: number): Promise<void> {
  const end = clock() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(clock() < end, `it did not come within ${seconds} s`);
    await sleep(100);
  }
}
