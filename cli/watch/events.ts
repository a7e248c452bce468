import type { NodeReport } from "../../stack/node-report";
import type { PingReport } from "../../stack/verdict";
import { type Glance, glanceOf } from "./glance";

/** What a look has found. Times are milliseconds, of any one clock. */
export interface Look {
  at: number;
  nodes: readonly NodeReport[];
  ping: PingReport;
}

/** A time without an answer of the VIP. */
export interface Gap {
  from: number;
  /** Undefined: it goes on. */
  to: number | undefined;
}

const seconds = (milliseconds: number): string => `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;

/** A gap belongs to a move if it ended no longer before it was seen: milliseconds. */
const related = 15_000;

/** Milliseconds that a move waits for the end of its gap, before it is told without. */
const patience = 3_000;

interface Move {
  from: string;
  to: string;
  seen: number;
}

/** Tells what has happened between looks at a stack. */
export class Events {
  private readonly before = new Map<string, Glance & { at: number }>();
  private holder: string | undefined;
  private move: Move | undefined;
  private served: { ok: boolean; since: number } | undefined;

  /**
   * What is new since the last look, one line each.
   *
   * @param gap the VIP's latest time without an answer, if there was any
   */
  see({ at, nodes, ping }: Look, gap?: Gap): string[] {
    const glances = nodes.map((node) => ({ name: node.name, ...glanceOf(node), error: node.error }));
    const told = [
      ...this.holders(glances, at, gap),
      ...glances.flatMap((each) => this.node(each, at)),
      ...this.service(ping, at),
    ];
    return told;
  }

  private holders(
    glances: readonly (Glance & { name: string })[],
    at: number,
    gap: Gap | undefined,
  ): string[] {
    const names = glances.filter(({ holdsVip }) => holdsVip).map(({ name }) => name);
    const now = names.join(" and ");
    const told: string[] = [];
    if (this.holder === undefined) {
      if (glances.every(({ answers }) => answers) || now) this.holder = now;
    } else if (now !== this.holder && now !== "") {
      // One that is told late must not hide the next.
      if (this.move) told.push(this.shownMove(this.move, gap));
      this.move = { from: this.holder || "nobody", to: now, seen: at };
      this.holder = now;
    }
    const over = gap?.to !== undefined && this.move && gap.to >= this.move.seen - related;
    if (this.move && (over || at - this.move.seen >= patience)) {
      told.push(this.shownMove(this.move, gap));
      this.move = undefined;
    }
    return told;
  }

  private shownMove({ from, to, seen }: Move, gap: Gap | undefined): string {
    const isSplit = to.includes(" and ");
    const took =
      gap?.to !== undefined && gap.to >= seen - related ? ` after ${seconds(gap.to - gap.from)}` : "";
    return isSplit ? `VIP on ${to}: several have it` : `VIP ${from} -> ${to}${took}`;
  }

  private node(now: Glance & { name: string; error?: string | undefined }, at: number): string[] {
    const { name } = now;
    const before = this.before.get(name);
    if (!now.answers) {
      if (!before?.answers) return [];
      this.before.set(name, { ...before, answers: false });
      return [`${name} does not answer`];
    }
    this.before.set(name, { ...now, at });
    if (!before) return [];
    const lines = before.answers ? [] : [`${name} answers again after ${seconds(at - before.at)}`];
    if (before.state !== now.state) {
      const epoch = now.epoch === undefined ? "" : ` (epoch ${now.epoch})`;
      const why = now.reason ? `: ${now.reason}` : "";
      lines.push(`${name} ${before.state || "?"} -> ${now.state || "?"}${epoch}${why}`);
    }
    if (before.container !== now.container && now.container)
      lines.push(`${name} container ${before.container || "?"} -> ${now.container}`);
    return lines;
  }

  private service({ ok, error }: PingReport, at: number): string[] {
    const before = this.served;
    if (before?.ok === ok) {
      if (ok) before.since = at;
      return [];
    }
    this.served = { ok, since: before && !ok ? before.since : at };
    if (!before) return [];
    return ok
      ? [`service answers again after ${seconds(at - before.since)}`]
      : [`service ${error ?? "does not answer"}`];
  }
}
