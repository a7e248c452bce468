import { setTimeout as sleep } from "node:timers/promises";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import type { UpgradeWorld } from "./upgrade-world";

/** Milliseconds. */
export interface UpgradeLimits {
  /** In which the new container must serve, and the old one after it is restored. */
  start: number;
  /** In which a standby must be ready to take over. */
  ready: number;
  /** Between two checks. */
  interval: number;
}

/** One node keeps the old container and is out of service, while the others try the new one. */
export interface Trial {
  keeper: string;
  others: string[];
  old: string;
  tried: string;
}

/** What all nodes run, or would run: what they did before, the new container, or not all the same. */
export type Outcome = "old" | "new" | "mixed";

/** The new container does not serve. The message says what was done about it. */
export class UpgradeFailed extends Error {
  constructor(
    message: string,
    readonly outcome: Outcome,
  ) {
    super(message);
  }
}

export const each = <T>(names: string[], action: (name: string) => Promise<T>): Promise<T[]> =>
  Promise.all(names.map(action));

export const list = (names: string[]): string => names.join(" and ");

/** Waits until a container serves from one of these nodes; returns the reason if it does not. */
export async function troubleOf(
  names: string[],
  container: string,
  world: UpgradeWorld,
  limits: UpgradeLimits,
): Promise<string | undefined> {
  const end = performance.now() + limits.start;
  let said = "";
  for (;;) {
    // A node that does not answer may still serve, so only the deadline decides.
    const looks = await each(names, (name) => world.look(name).catch(() => undefined));
    const runs = looks.some((look) => look?.running.includes(container));
    const why = (await world.trouble()) ?? (runs ? undefined : `${container} does not run`);
    if (why === undefined) return undefined;
    if (why !== said) world.say(why);
    said = why;
    if (looks.every((look) => look?.gaveUp))
      return [...new Set(looks.map((look) => look?.gaveUp))].join("; ");
    if (performance.now() > end) return `it did not serve within ${limits.start / 1000} s: ${why}`;
    await sleep(limits.interval);
  }
}

/** How to lose what was written since a container first answered, if it must be. */
const wayOut = (answered: string): string =>
  `repair the cause, restore a backup, or set back what was changed together with \`discardWritesOf: ${answered}\`: then all that was written since ${answered} first answered is lost`;

/** The way back from a trial. */
export class WayBack {
  constructor(
    private readonly world: UpgradeWorld,
    private readonly limits: UpgradeLimits,
    /** The container whose writes may be lost; empty: none's. */
    private readonly discarded: string,
  ) {}

  /**
   * Restores everything as before the trial, and returns what was done. Undefined if that is impossible, and the new
   * container serves after all: a node that may have the datastore does not answer, or the new container has answered.
   */
  async go({ keeper, others, old, tried }: Trial): Promise<string | undefined> {
    // All nodes are kept out: none may write to the restored datastore, and no boot may start the new container on it.
    const halted = await Promise.allSettled(others.map((name) => this.world.halt(name, old)));
    const away = others.filter((_, i) => halted[i]?.status === "rejected");
    if (away.length > 0) {
      const there = [keeper, ...others].filter((name) => !away.includes(name));
      const cannot = `${list(away)} cannot be stopped`;
      this.world.say(`${cannot}, so the datastore stays as it is: ${keeper} tries ${tried}`);
      const why = await this.goOn(there, tried);
      if (why === undefined) return undefined;
      throw await this.failed(
        "mixed",
        `going back to ${old} failed: ${cannot}, and ${tried} does not serve from ${list(there)}: ${why}`,
        `\`${callOf("up")}\` tries again`,
      );
    }
    let copy: string;
    try {
      await this.world.halt(keeper, old);
      const { answered, words } = await this.world.takeBack(keeper, old, this.discarded);
      if (answered !== undefined) return await this.refuse({ keeper, others, old, tried }, answered);
      copy = words;
      await this.world.point(keeper, old);
    } catch (error) {
      if (error instanceof UpgradeFailed) throw error;
      throw await this.failed(
        "mixed",
        `going back to ${old} failed: ${messageOf(error)}`,
        `\`${callOf("up")}\` tries again`,
      );
    }
    const why = await troubleOf([keeper], old, this.world, this.limits);
    const late = await Promise.allSettled(others.map((name) => this.world.point(name, old)));
    const out = others.filter((_, i) => late[i]?.status === "rejected");
    const told =
      why === undefined
        ? `serves again on ${keeper}: ${copy}`
        : `is back (${copy}), and does not serve: ${why}`;
    if (out.length > 0)
      throw new UpgradeFailed(`${old} ${told}; ${list(out)} is still out of service.`, "mixed");
    if (why !== undefined) throw new UpgradeFailed(`${old} ${told}.`, "old");
    return `${old} ${told}.`;
  }

  /** What was acknowledged since is in this datastore alone, so all nodes go on with it. */
  private async refuse({ keeper, others, old, tried }: Trial, answered: string): Promise<string | undefined> {
    this.world.say(
      `${answered} has answered, so the datastore stays as it is: all nodes go on with ${tried}`,
    );
    const why = await this.goOn([keeper, ...others], tried);
    if (why === undefined) return undefined;
    const what = `going back to ${old} failed: ${answered} has answered since, and may have acknowledged what would be lost; it does not serve now: ${why}`;
    throw await this.failed("new", what, wayOut(answered));
  }

  private async goOn(names: string[], tried: string): Promise<string | undefined> {
    await each(names, (name) => this.world.point(name, tried));
    return await troubleOf(names, tried, this.world, this.limits);
  }

  private async failed(outcome: Outcome, what: string, next: string): Promise<UpgradeFailed> {
    const serves = (await this.world.trouble()) === undefined;
    const now = serves ? "The VIP still serves" : "Nothing serves now";
    return new UpgradeFailed(`${what}. ${now}; ${next}`, outcome);
  }
}
