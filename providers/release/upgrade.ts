import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../local/errors";
import type { NodeLook, UpgradeWorld } from "./upgrade-world";

/** Milliseconds. */
export interface UpgradeLimits {
  /** In which the new container must serve, and the old one after it is restored. */
  start: number;
  /** In which a standby must be ready to take over. */
  ready: number;
  /** Between two checks. */
  interval: number;
}

export interface UpgradeArgs {
  /** Of the nodes. */
  names: string[];
  /** Name of the container that they should run. */
  wanted: string;
  /**
   * Whether, after an interrupted upgrade, the nodes may go back to the former container with the datastore as it is
   * now.
   */
  allowDowngrade: boolean;
}

/** The new container does not serve. The message says what was done about it. */
export class UpgradeFailed extends Error {
  /** @param isAsBefore whether all nodes run, or would run, what they did before */
  constructor(
    message: string,
    readonly isAsBefore: boolean,
  ) {
    super(message);
  }
}

/** One node keeps the old container and is out of service, while the others try the new one. */
interface Trial {
  keeper: string;
  others: string[];
  old: string;
  tried: string;
}

type Looks = ReadonlyMap<string, NodeLook>;

/**
 * Whether a node must get a container: it has another one, or its guard was stopped for that and never started again.
 */
const isBehind = (look: NodeLook | undefined, container: string): boolean =>
  look?.container !== container || (look.enabled && look.state === "");

const each = <T>(names: string[], action: (name: string) => Promise<T>): Promise<T[]> =>
  Promise.all(names.map(action));
const list = (names: string[]): string => names.join(" and ");

/**
 * Moves all nodes to one container: first the standbys, then the service moves to one of them, then the former active
 * node. That node is kept out of service, with the old container, until the new one serves. If the new one does not
 * serve in time, the datastore is restored and the old container serves again. If an upgrade is killed at any moment,
 * the next call completes it from what it finds on the nodes.
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

  /** Ends an interrupted trial of a container: forward if it serves, else back. */
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
      // The datastore was restored for the container that had it before, or nothing else was tried yet.
      await each(kept, (name) => this.world.point(name, old));
      return;
    }
    const trial: Trial = { keeper, others, old, tried };
    if (kept.length === 1) {
      // The node got the new container's name, and perhaps did no more.
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

  /** Moves the service to the wanted container, with all nodes in service. */
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
      // The wanted container serves, or none ever did: no service is interrupted.
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
      const said = await this.world.lastWords(name).catch(messageOf);
      return `--- ${name}:\n${said.trim()}`;
    });
    const failed = (what: string, isAsBefore: boolean): Error =>
      new UpgradeFailed([`the new container does not serve: ${why}`, what, ...words].join("\n"), isAsBefore);
    let told: string | undefined;
    try {
      told = await this.goBack(trial);
    } catch (error) {
      throw failed(messageOf(error), error instanceof UpgradeFailed && error.isAsBefore);
    }
    if (told !== undefined)
      throw failed(`${told} Set the setting back, or repair the cause, and run \`npm run up\` again`, true);
  }

  private async look(): Promise<Looks> {
    return new Map(await each(this.names, async (name) => [name, await this.world.look(name)] as const));
  }

  private containerOf(looks: Looks, name: string): string {
    return looks.get(name)?.container ?? "";
  }

  /** Gives the standbys the new container; if that fails, they get the old one again. */
  private async prepareStandbys({ keeper, others, old, tried }: Trial, looks: Looks): Promise<void> {
    this.world.say(`${list(others)}: standing by with ${tried}`);
    const changed = others.filter((name) => isBehind(looks.get(name), tried));
    try {
      await each(changed, (name) => this.world.point(name, tried));
      await this.waitUntilReady(others, tried);
    } catch (error) {
      await each(changed, (name) => this.world.point(name, this.containerOf(looks, name) || old));
      throw new Error(`${keeper} goes on with ${old}, nothing was changed: ${messageOf(error)}`);
    }
  }

  /** Waits until one of the nodes is ready to take over with a container, or has already. */
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
          `no other node is ready to take over (${told.join("; ")}); \`npm run status\` says more`,
        );
      }
      await sleep(this.limits.interval);
    }
  }

  /** Lets the other nodes serve; returns the reason if they do not. */
  private async attempt({ keeper, others, old, tried }: Trial): Promise<string | undefined> {
    try {
      await this.world.halt(keeper, old);
    } catch (error) {
      // It may still serve, so nothing is reverted; if it is dead, the others take over.
      const why = await this.troubleOf(others, tried);
      const now =
        why === undefined ? `${tried} serves from ${list(others)}` : `${tried} does not serve: ${why}`;
      throw new UpgradeFailed(
        `${keeper} cannot be stopped in order: ${messageOf(error)}. ${now}; \`npm run up\` goes on from there`,
        false,
      );
    }
    return await this.troubleOf(others, tried);
  }

  /** Waits until a container serves from one of these nodes; returns the reason if it does not. */
  private async troubleOf(names: string[], container: string): Promise<string | undefined> {
    const end = performance.now() + this.limits.start;
    let said = "";
    for (;;) {
      // A node that does not answer may still serve, so only the deadline decides.
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
   * Restores everything as before the trial, and returns what was done. Undefined if that is impossible, because a node
   * that may have the datastore does not answer, and the new container serves after all.
   */
  private async goBack({ keeper, others, old, tried }: Trial): Promise<string | undefined> {
    const failed = async (what: string): Promise<UpgradeFailed> => {
      const serves = (await this.world.trouble()) === undefined;
      return new UpgradeFailed(
        `going back to ${old} failed: ${what}. ${serves ? "The VIP still serves" : "Nothing serves now"}; \`npm run up\` tries again`,
        false,
      );
    };
    // All nodes are kept out: none may write to the restored datastore, and no boot may start the new container on it.
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
      throw await failed(messageOf(error));
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
