import { setTimeout as sleep } from "node:timers/promises";
import type { NodeLook, UpgradeWorld } from "./upgrade-world";

/** Milliseconds. */
export interface UpgradeLimits {
  /** For the new container to serve, and for the old one when it is brought back. */
  start: number;
  /** For a standby to be ready to take over. */
  ready: number;
  /** Between two looks. */
  interval: number;
}

export interface UpgradeArgs {
  /** Of the nodes. */
  names: string[];
  /** Name of the container that they are to run. */
  wanted: string;
  /** Whether it may go back to a container from which an upgrade was interrupted, with the datastore as it is now. */
  allowDowngrade: boolean;
}

/** The new container does not serve, and what was done about it. */
export class UpgradeFailed extends Error {
  /** @param isAsBefore whether all nodes run, or would run, what they did before */
  constructor(
    message: string,
    readonly isAsBefore: boolean,
  ) {
    super(message);
  }
}

/** One node keeps the old container and is out of service, while the new one is tried on the others. */
interface Trial {
  keeper: string;
  others: string[];
  old: string;
  tried: string;
}

type Looks = ReadonlyMap<string, NodeLook>;

/** Whether a node is to be pointed to a container: it has another, or its guard was stopped for that and never started. */
const isBehind = (look: NodeLook | undefined, container: string): boolean =>
  look?.container !== container || (look.enabled && look.state === "");

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const each = <T>(names: string[], action: (name: string) => Promise<T>): Promise<T[]> =>
  Promise.all(names.map(action));
const list = (names: string[]): string => names.join(" and ");

/**
 * Brings all nodes to one container: standbys first, then the service moves to one of them, then the node that had it.
 * That one is kept out of service, with the old container, until the new one serves; if that does not happen in time,
 * the datastore is put back as it was and the old container serves again. An upgrade that was killed in any moment is
 * brought to its end by the next call: what counts is found on the nodes.
 *
 * @throws UpgradeFailed, and other errors as long as nothing was changed
 */
export async function upgrade(args: UpgradeArgs, world: UpgradeWorld, limits: UpgradeLimits): Promise<void> {
  const run = new Upgrade(args, world, limits);
  await run.finishFormer();
  await run.moveToWanted();
}

class Upgrade {
  private readonly names: string[];

  constructor(
    private readonly args: UpgradeArgs,
    private readonly world: UpgradeWorld,
    private readonly limits: UpgradeLimits,
  ) {
    this.names = args.names;
  }

  /** Ends the trial of a container that was interrupted, in whichever way it goes. */
  async finishFormer(): Promise<void> {
    const { wanted, allowDowngrade } = this.args;
    const looks = await this.look();
    const kept = this.names.filter((name) => looks.get(name)?.kept !== undefined);
    if (kept.length === 0) return;
    this.world.say(`an upgrade was interrupted, which left ${list(kept)} out of service`);
    const keeper = kept.find((name) => looks.get(name)?.kept === this.containerOf(looks, name));
    const old = looks.get(keeper ?? (kept[0] as string))?.kept as string;
    const others = this.names.filter((name) => name !== keeper);
    const tried = others.map((name) => this.containerOf(looks, name)).find((name) => name !== old);
    if (keeper === undefined || tried === undefined) {
      // The datastore was put back, and whoever had it has it again; or nothing else was tried yet.
      await each(kept, (name) => this.world.point(name, old));
      return;
    }
    const trial: Trial = { keeper, others, old, tried };
    if (kept.length === 1) {
      // It was told so, and perhaps no more than that.
      await this.world.halt(keeper, old);
      const why = await this.troubleOf(others, tried);
      if (why === undefined) {
        if (wanted === old && !allowDowngrade)
          throw new UpgradeFailed(
            `${tried} serves since an upgrade that was interrupted, and has changed the datastore; ${old} is wanted, which may be older. Set \`image\` and the other settings as in that upgrade, or \`allowDowngrade\`; until then ${keeper} stays out of service`,
            false,
          );
        await this.world.point(keeper, tried);
        return;
      }
      this.world.say(`${tried} does not serve (${why}): going back to ${old}`);
    }
    await this.goBack(trial);
  }

  /** Moves the service to the container that is wanted, with all nodes in service. */
  async moveToWanted(): Promise<void> {
    const { wanted } = this.args;
    const looks = await this.look();
    const behind = this.names.filter((name) => isBehind(looks.get(name), wanted));
    const runs = (name: string): boolean =>
      looks.get(name)?.running.includes(this.containerOf(looks, name)) ?? false;
    const serving = this.names.find(runs);
    const had = behind.filter(
      (name) => looks.get(name)?.enabled && !["", wanted].includes(this.containerOf(looks, name)),
    );
    const keeper = serving === undefined ? had[0] : had.find((name) => name === serving);
    if (keeper === undefined) {
      // What is wanted serves, or nothing ever did: nobody is disturbed.
      await each(behind, (name) => this.world.point(name, wanted));
      return;
    }
    const others = this.names.filter((name) => name !== keeper);
    const trial: Trial = { keeper, others, old: this.containerOf(looks, keeper), tried: wanted };
    await this.prepareStandbys(trial, looks);
    this.world.say(`${keeper}: stopping ${trial.old}; the service moves to ${list(others)}`);
    const why = await this.attempt(trial);
    if (why === undefined) {
      this.world.say(`${wanted} serves; ${keeper} stands by with it`);
      await this.world.point(keeper, wanted);
      return;
    }
    this.world.say(`${wanted} does not serve (${why}): going back to ${trial.old}`);
    const words = await each(others, async (name) => {
      const said = await this.world.lastWords(name).catch(text);
      return `--- ${name}:\n${said.trim()}`;
    });
    const failed = (what: string, isAsBefore: boolean): Error =>
      new UpgradeFailed([`the new container does not serve: ${why}`, what, ...words].join("\n"), isAsBefore);
    let told: string | undefined;
    try {
      told = await this.goBack(trial);
    } catch (error) {
      throw failed(text(error), error instanceof UpgradeFailed && error.isAsBefore);
    }
    if (told !== undefined)
      throw failed(`${told} Set the setting back, or mend the cause, and run \`npm run up\` again`, true);
  }

  private async look(): Promise<Looks> {
    return new Map(await each(this.names, async (name) => [name, await this.world.look(name)] as const));
  }

  private containerOf(looks: Looks, name: string): string {
    return looks.get(name)?.container ?? "";
  }

  /** The standbys stand by with the new container, or nothing has changed. */
  private async prepareStandbys({ keeper, others, old, tried }: Trial, looks: Looks): Promise<void> {
    this.world.say(`${list(others)}: standing by with ${tried}`);
    const changed = others.filter((name) => isBehind(looks.get(name), tried));
    try {
      await each(changed, (name) => this.world.point(name, tried));
      await this.waitUntilReady(others, tried);
    } catch (error) {
      await each(changed, (name) => this.world.point(name, this.containerOf(looks, name) || old));
      throw new Error(`${keeper} goes on with ${old}, nothing was changed: ${text(error)}`);
    }
  }

  /** Waits until one of the nodes would take over with a container, or has already. */
  private async waitUntilReady(names: string[], container: string): Promise<void> {
    const end = performance.now() + this.limits.ready;
    for (;;) {
      const looks = await each(names, (name) => this.world.look(name));
      if (looks.some(({ ready, running }) => ready || running.includes(container))) return;
      if (performance.now() > end) {
        const told = names.map(
          (name, i) => `${name}: ${looks[i]?.reason || looks[i]?.state || "its guard does not run"}`,
        );
        throw new Error(
          `no other node is ready to take over (${told.join("; ")}); \`npm run status\` tells more`,
        );
      }
      await sleep(this.limits.interval);
    }
  }

  /** Lets the others serve; gives why they do not, if they do not. */
  private async attempt({ keeper, others, old, tried }: Trial): Promise<string | undefined> {
    try {
      await this.world.halt(keeper, old);
    } catch (error) {
      // Whether it still serves is not known, so nothing is taken back; if it is dead the others take over.
      const why = await this.troubleOf(others, tried);
      const now =
        why === undefined ? `${tried} serves from ${list(others)}` : `${tried} does not serve: ${why}`;
      throw new UpgradeFailed(
        `${keeper} cannot be stopped in order: ${text(error)}. ${now}; \`npm run up\` goes on from there`,
        false,
      );
    }
    return await this.troubleOf(others, tried);
  }

  /** Waits until a container serves from one of these nodes; gives why it does not, if it does not. */
  private async troubleOf(names: string[], container: string): Promise<string | undefined> {
    const end = performance.now() + this.limits.start;
    let said = "";
    for (;;) {
      // One that does not answer may still serve: the time is what decides then.
      const looks = await each(names, (name) => this.world.look(name).catch(() => undefined));
      const runs = looks.some((look) => look?.running.includes(container));
      const why = (await this.world.trouble()) ?? (runs ? undefined : `${container} does not run`);
      if (why === undefined) return undefined;
      if (why !== said) this.world.say(why);
      said = why;
      if (looks.every((look) => look?.gaveUp))
        return [...new Set(looks.map((look) => look?.gaveUp))].join("; ");
      if (performance.now() > end) return `it did not serve within ${this.limits.start / 1000} s: ${why}`;
      await sleep(this.limits.interval);
    }
  }

  /**
   * All as before the trial; says what was done for that. Undefined if that cannot be, since a node does not answer that
   * might have the datastore, and what was tried serves after all.
   */
  private async goBack({ keeper, others, old, tried }: Trial): Promise<string | undefined> {
    const failed = async (what: string): Promise<UpgradeFailed> => {
      const serves = (await this.world.trouble()) === undefined;
      return new UpgradeFailed(
        `going back to ${old} failed: ${what}. ${serves ? "The VIP still serves" : "Nothing serves now"}; \`npm run up\` tries again`,
        false,
      );
    };
    // All of them: nobody may write what is put back, and no boot may start the new container on it.
    const halted = await Promise.allSettled(others.map((name) => this.world.halt(name, old)));
    const away = others.filter((_, i) => halted[i]?.status === "rejected");
    if (away.length > 0) {
      this.world.say(
        `${list(away)} cannot be stopped, so the datastore stays as it is: ${keeper} tries ${tried}`,
      );
      const there = this.names.filter((name) => !away.includes(name));
      await each(there, (name) => this.world.point(name, tried));
      const why = await this.troubleOf(there, tried);
      if (why === undefined) return undefined;
      throw await failed(
        `${list(away)} cannot be stopped, and ${tried} does not serve from ${list(there)}: ${why}`,
      );
    }
    let copy: string;
    try {
      await this.world.halt(keeper, old);
      copy = await this.world.takeBack(keeper, old);
      await this.world.point(keeper, old);
    } catch (error) {
      throw await failed(text(error));
    }
    const why = await this.troubleOf([keeper], old);
    const late = await Promise.allSettled(others.map((name) => this.world.point(name, old)));
    const out = others.filter((_, i) => late[i]?.status === "rejected");
    const told =
      why === undefined
        ? `serves again on ${keeper}: ${copy}`
        : `is back (${copy}), and does not serve: ${why}`;
    if (out.length > 0)
      throw new UpgradeFailed(`${old} ${told}; ${list(out)} is still out of service.`, false);
    if (why !== undefined) throw new UpgradeFailed(`${old} ${told}.`, true);
    return `${old} ${told}.`;
  }
}
