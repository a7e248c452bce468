import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Action, Need, Timing } from "../../drill/faults";
import { nodeOf, shownAction } from "../../drill/faults";
import type { Pace } from "../../drill/pace";
import type { Sample } from "../../drill/probes/samples";
import type { ClientView, Health } from "../../drill/recording";
import type { Progress } from "../../drill/session";
import type { Client, Testbed } from "../../drill/testbed/testbed";
import { clock } from "../../local/clock";
import { timing } from "./drill-support";

/** Shows nothing. */
export const silent: Progress = { say: () => undefined, judged: () => undefined };

/** Everything in a fiftieth of the time. */
export const fakePace: Pace = {
  ...{ before: 60, spread: 20, served: 250, check: 20, close: 40, after: 80 },
  ...{ patience: 500, healing: 2_000, recovery: 500 },
};

/** Its times, a fiftieth as well; gaps are as long as the simulation makes them. */
const quick: Timing = {
  ...timing,
  ...Object.fromEntries(Object.entries(timing).map(([key, value]) => [key, value / 50])),
  ...{ crash: 2_000, planned: 2_000, startLimit: 3_000, startDeadline: 500 },
};

/** How a simulated stack misbehaves. */
export interface Misbehaviour {
  /** The agent is replaced by one that always starts the container. */
  alwaysStarts?: boolean;
  /** Nothing that is done to a node costs the service anything. */
  servesOn?: boolean;
  /** Milliseconds that the VIP takes to move. */
  vipDelay?: number;
  /** A takeover forgets the last write. */
  losesWrite?: boolean;
  /** These are not found again: the service stays away. */
  staysDown?: boolean;
  cannot?: Map<Need, string>;
  hosts?: string[];
  /** Its recorder tells nothing. */
  blind?: string;
  /** Milliseconds after which a server that was away, or is not reached, costs the service its node. */
  noticesAfter?: number;
  /** Milliseconds until it answers a client that is new. */
  hesitates?: number;
  /** Healing fails so often. */
  failsToHeal?: number;
  /** What happens around it while it is being looked at. */
  accident?: string;
  /** In the first so many trials only; default: in all of them. */
  accidents?: number;
}

const names = ["one", "two"] as const;
const macs = { one: "52:54:00:00:00:01", two: "52:54:00:00:00:02" };

/** Verbs that take something back, or end by themselves. */
const heals =
  /(power-on|resume|: plug|uncut|empty|idle|clock 0|good-config|docker start|CONT|yield 0|start|continue|take-back-update|mend-configuration|start-agent|leave-data|unthrottle|kill-no-more|thaw|recover-memory|netem [\d.]+)$/;
const isHealing = (action: Action): boolean =>
  heals.test(shownAction(action)) || shownAction(action).includes("uncut");

/**
 * A stack of two nodes that is simulated: after any fault of the holder, the VIP is with the other one 20 ms later and
 * the service 60 ms later. What is broken stands in a file, as on real nodes it outlives the drill.
 */
export class FakeTestbed implements Testbed {
  readonly stack = "fake";
  readonly vip = "192.168.56.10";
  readonly url = "https://192.168.56.10";
  readonly nodes = names.map((name, i) => ({ name, address: `192.168.56.1${i + 1}`, sshPort: 22 }));
  readonly place = "a simulation";
  readonly timing = quick;
  readonly cannot: ReadonlyMap<Need, string>;
  readonly hosts: string[];
  readonly macs = macs;
  readonly takesWrites = true;
  /** Everything that was done, in order. */
  readonly done: string[] = [];
  private vipAt: string | undefined = "one";
  private running = new Set<string>(["one"]);
  private epoch = 1;
  private stored: number[] = [];
  private askedForAccidents = 0;
  private readonly kept = new Map<string, Sample[]>(names.map((name) => [name, []]));
  private readonly ticking: NodeJS.Timeout;

  constructor(
    private readonly folder: string,
    private readonly how: Misbehaviour = {},
  ) {
    this.cannot = how.cannot ?? new Map();
    this.hosts = how.hosts ?? [];
    this.ticking = setInterval(() => this.sample(), 5);
  }

  /** What is broken now, by the healing that it needs. */
  get broken(): string[] {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, "utf8")) as string[]) : [];
  }

  /** At once: another process may be looking. */
  private keep(broken: string[]): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(broken));
    renameSync(`${this.file}.new`, this.file);
  }

  private get file(): string {
    return join(this.folder, "broken.json");
  }

  async health(): Promise<Health> {
    const healthy = this.broken.length === 0 && this.running.size === 1 && this.vipAt !== undefined;
    return {
      healthy,
      message: healthy ? "healthy" : `broken: ${this.broken.join(", ")}`,
      holders: this.vipAt ? [this.vipAt] : [],
      services: [...this.running],
    };
  }

  async perform(action: Action): Promise<number | undefined> {
    const shown = shownAction(action);
    this.done.push(shown);
    const node = nodeOf(action) ?? action.at;
    if (isHealing(action)) {
      if (this.how.failsToHeal) {
        this.how.failsToHeal--;
        throw new Error(`${node} does not answer`);
      }
      this.keep(this.broken.filter((each) => each !== node));
      return clock();
    }
    this.keep([...new Set([...this.broken, node])]);
    // What nobody takes back mends itself.
    if (/KILL|TERM|container-stop|reload|remove-address|restart-unit|renew|needrestart/.test(shown))
      setTimeout(() => this.keep([]), 30);
    if (this.how.noticesAfter && (node === "server" || shown.endsWith("cut nfs")))
      setTimeout(() => void this.takeover(this.vipAt ?? "one"), this.how.noticesAfter);
    else if (node === this.vipAt && !this.how.servesOn) void this.takeover(node);
    return clock();
  }

  private async takeover(old: string): Promise<void> {
    const next = names.find((name) => name !== old) ?? "one";
    this.vipAt = undefined;
    if (!this.how.alwaysStarts) this.running.delete(old);
    await sleep(this.how.vipDelay ?? 20);
    this.vipAt = next;
    if (this.how.staysDown) return;
    if (!this.how.alwaysStarts) await sleep(40);
    if (this.how.losesWrite) this.stored.pop();
    this.epoch++;
    this.running.add(next);
    if (!this.how.alwaysStarts) return;
    await sleep(300);
    this.running.delete(old);
  }

  private sample(): void {
    for (const name of names) {
      const runs = this.running.has(name);
      this.kept.get(name)?.push({
        ...{ at: clock(), vip: this.vipAt === name, container: runs, data: runs },
        ...{
          lease: runs && this.vipAt === name,
          epoch: runs ? this.epoch : 0,
          agent: runs ? "active" : "standby",
        },
      });
    }
  }

  async client(): Promise<Client> {
    const view: ClientView = { answers: [], owners: [], asked: [], writes: [] };
    let owner = "";
    let number = 0;
    this.stored = [];
    const begin = clock();
    const timer = setInterval(() => {
      const at = clock();
      const knows = at - begin >= (this.how.hesitates ?? 0);
      const serves = knows && this.vipAt !== undefined && this.running.has(this.vipAt);
      if (this.vipAt) {
        view.answers.push(at);
        const mac = macs[this.vipAt as keyof typeof macs];
        if (mac !== owner) view.owners.push({ at, mac });
        owner = mac;
      }
      view.asked.push({ sent: at, answered: at, ok: serves, why: serves ? "200" : "ECONNREFUSED" });
      number++;
      if (serves) this.stored.push(number);
      view.writes.push({ number, sent: at, answered: at, outcome: serves ? "yes" : "no" });
    }, 4);
    return { view, slowDown: () => undefined, stop: async () => clearInterval(timer) };
  }

  /** A trial asks twice: before it, so that what was before is forgotten, and after it. */
  accident = (): string | undefined =>
    ++this.askedForAccidents <= 2 * (this.how.accidents ?? Number.POSITIVE_INFINITY)
      ? this.how.accident
      : undefined;
  readBack = async (): Promise<number[]> => [...this.stored];
  forgetWrites = async (): Promise<void> => undefined;
  samples = (node: string): Sample[] => (node === this.how.blind ? [] : [...(this.kept.get(node) ?? [])]);
  forgetSamples(): void {
    for (const samples of this.kept.values()) samples.length = 0;
  }
  async end(): Promise<void> {
    clearInterval(this.ticking);
  }
}
