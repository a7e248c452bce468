import { setTimeout as sleep } from "node:timers/promises";
import { clock } from "../../local/clock";
import type { KnownNode } from "../../stack/known-stack";
import { answerLimit, askNodes, pingVip, type Service } from "../../stack/measure";
import type { NodeReport } from "../../stack/node-report";
import type { PingReport } from "../../stack/verdict";
import type { Look } from "./events";

/** Milliseconds between two questions to a node; after so many its answer is old, and then counts for nothing. */
const times = { every: 1_000, old: 1_500, gone: 3_000 };

interface Known {
  name: string;
  address: string;
  /** Its last answer, and when that came. */
  last?: { report: NodeReport; at: number };
  /** Why the latest question had none. */
  error?: string;
}

/** Asks a node over SSH. */
export const askNode = async (node: KnownNode): Promise<NodeReport> => {
  const [report] = await askNodes([node], answerLimit);
  return report ?? { name: node.name, address: node.address, error: "was not asked" };
};

const whole = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;

/**
 * Asks each node and the VIP again and again, each by itself: one that is off holds up no other. A login may take
 * longer than a second, so a question has its time; what is shown meanwhile is the node's last answer, with its age.
 */
export class Looks<Node extends Pick<NodeReport, "name" | "address">> {
  private readonly nodes: Known[];
  private ping: PingReport = { ok: false, error: "was not asked yet" };
  private pinged = false;
  private over = false;

  constructor(
    private readonly stack: Service & { readonly nodes: readonly Node[] },
    private readonly changed: () => void,
    private readonly ask: (node: Node) => Promise<NodeReport>,
    private readonly now: () => number = clock,
  ) {
    this.nodes = stack.nodes.map(({ name, address }) => ({ name, address }));
  }

  start(): void {
    for (const [i, node] of this.stack.nodes.entries()) void this.follow(node, this.nodes[i] as Known);
    void this.followVip();
  }

  end(): void {
    this.over = true;
  }

  /** Whether everything was asked once: what is missing now is missing. */
  get complete(): boolean {
    return this.pinged && this.nodes.every(({ last, error }) => last ?? error);
  }

  private async follow(node: Node, known: Known): Promise<void> {
    while (!this.over) {
      const begun = this.now();
      const report = await this.ask(node);
      if (report.status) known.last = { report, at: this.now() };
      if (report.status) delete known.error;
      else known.error = report.error?.split("\n")[0] ?? "no answer";
      this.changed();
      await sleep(Math.max(50, times.every - (this.now() - begun)));
    }
  }

  private async followVip(): Promise<void> {
    while (!this.over) {
      const begun = this.now();
      this.ping = await pingVip(this.stack, 2 * times.every);
      this.pinged = true;
      this.changed();
      await sleep(Math.max(50, times.every - (this.now() - begun)));
    }
  }

  /** What is known now, and remarks on how old it is. */
  look(): Look & { ages: string[] } {
    const at = this.now();
    const ages: string[] = [];
    const nodes = this.nodes.map(({ name, address, last, error }): NodeReport => {
      const age = last && at - last.at;
      if (last && age !== undefined && age < times.gone) {
        if (age >= times.old) ages.push(`${name}: as of ${whole(age)} ago`);
        return last.report;
      }
      const since = age === undefined ? "" : ` (its last answer is ${whole(age)} old)`;
      return { name, address, error: `${error ?? "no answer yet"}${since}` };
    });
    return { at, nodes, ping: this.ping, ages };
  }
}
