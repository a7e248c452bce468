import { setTimeout as sleep } from "node:timers/promises";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import {
  each,
  list,
  type Outcome,
  type Trial,
  troubleOf,
  UpgradeFailed,
  type UpgradeLimits,
  WayBack,
} from "./trial";
import type { NodeLook, UpgradeWorld } from "./upgrade-world";

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
  /**
   * The container whose writes may be lost: the datastore goes back to what it was before that one first ran on it.
   * Empty: none's.
   */
  discarded: string;
  /** Whether the last upgrade that came to its end ended with `wanted`: then what runs beside it is newer. */
  isStored: boolean;
}

type Looks = ReadonlyMap<string, NodeLook>;

/**
 * Whether a node must get a container: it has another one, or its agent was stopped for that and never started again.
 */
const isBehind = (look: NodeLook | undefined, container: string): boolean =>
  look?.container !== container || (look.enabled && look.state === "");

const containerOf = (looks: Looks, name: string): string => looks.get(name)?.container ?? "";

/**
 * Moves all nodes to one container: first the standbys, then the service moves to one of them, then the former active
 * node. That node is kept out of service, with the old container, until the new one serves. If the new one does not
 * serve in time, and has never answered, the datastore is restored and the old container serves again. If an upgrade is
 * killed at any moment, the next call completes it from what it finds on the nodes.
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
  private readonly back: WayBack;

  constructor(
    private readonly args: UpgradeArgs,
    private readonly world: UpgradeWorld,
    private readonly limits: UpgradeLimits,
  ) {
    this.names = args.names;
    this.back = new WayBack(world, limits, args.discarded);
  }

  /** Ends an interrupted trial of a container: forward if it serves, else back. */
  async finishFormer(): Promise<void> {
    const looks = await this.look();
    const kept = this.names.filter((name) => looks.get(name)?.kept !== undefined);
    if (kept.length === 0) return;
    this.world.say(`an upgrade was interrupted, which left ${list(kept)} out of service`);
    const keeper = kept.find((name) => looks.get(name)?.kept === containerOf(looks, name));
    const old = looks.get(keeper ?? (kept[0] as string))?.kept as string;
    const others = this.names.filter((name) => name !== keeper);
    const tried = others.map((name) => containerOf(looks, name)).find((name) => name !== old);
    if (keeper === undefined || tried === undefined) {
      const isUndo = tried !== undefined && !this.names.some((name) => containerOf(looks, name) === old);
      if (isUndo) return await this.finishUndo(kept, old, tried, looks);
      // The datastore was restored for the container that had it before, or nothing else was tried yet.
      await each(kept, (name) => this.world.point(name, old));
      return;
    }
    await this.finishTrial({ keeper, others, old, tried }, kept.length === 1);
  }

  private async finishTrial(trial: Trial, isTried: boolean): Promise<void> {
    const { keeper, others, old, tried } = trial;
    if (isTried) {
      // The node got the new container's name, and perhaps did no more.
      await this.world.halt(keeper, old);
      const why = await this.troubleOf(others, tried);
      if (why === undefined) {
        if (this.args.wanted === old)
          this.refuseOlder(old, tried, `; until then ${keeper} stays out of service`);
        await this.world.point(keeper, tried);
        return;
      }
      this.world.say(`${tried} does not serve (${why}): going back to ${old}`);
    }
    await this.back.go(trial);
  }

  /** @throws unless the older container may run on the datastore of the newer one, or that is discarded */
  private refuseOlder(old: string, tried: string, until = ""): void {
    if (this.args.allowDowngrade || this.args.discarded === tried) return;
    throw new UpgradeFailed(
      `${tried} serves since an upgrade that was interrupted, and has changed the datastore; ${old} is wanted, which may be older. Set \`image\` and the other settings as in that upgrade, or \`allowDowngrade\`${until}`,
      "mixed",
    );
  }

  /** All nodes still have the container that was to be undone. */
  private async finishUndo(kept: string[], old: string, tried: string, looks: Looks): Promise<void> {
    if (this.args.discarded === tried && this.args.wanted === old) await this.undo(tried, looks);
    else await each(kept, (name) => this.world.point(name, tried));
  }

  /** Moves the service to the wanted container, with all nodes in service. */
  async moveToWanted(): Promise<void> {
    const { wanted, discarded } = this.args;
    const looks = await this.look();
    const had = (name: string): boolean => containerOf(looks, name) === discarded;
    if (discarded !== "" && discarded !== wanted && this.names.some(had))
      return await this.undo(discarded, looks);
    const behind = this.names.filter((name) => isBehind(looks.get(name), wanted));
    const keeper = this.keeperOf(behind, looks);
    if (keeper === undefined) {
      // The wanted container serves, or none ever did: no service is interrupted.
      await each(behind, (name) => this.world.point(name, wanted));
      return;
    }
    if (this.args.isStored) this.refuseOlder(wanted, containerOf(looks, keeper));
    const others = this.names.filter((name) => name !== keeper);
    const trial: Trial = { keeper, others, old: containerOf(looks, keeper), tried: wanted };
    await this.prepareStandbys(trial, looks);
    this.world.say(`${keeper}: stopping ${trial.old}; the service moves to ${list(others)}`);
    const why = await this.attempt(trial);
    if (why !== undefined) return await this.returnFrom(trial, why);
    this.world.say(`${wanted} serves; ${keeper} stands by with it`);
    await this.world.point(keeper, wanted);
  }

  /** The node that serves with another container; if none serves, one that would. */
  private keeperOf(behind: string[], looks: Looks): string | undefined {
    const { wanted } = this.args;
    const serving = this.serving(looks);
    const had = behind.filter(
      (name) => looks.get(name)?.enabled && !["", wanted].includes(containerOf(looks, name)),
    );
    return serving === undefined ? had[0] : had.find((name) => name === serving);
  }

  private serving(looks: Looks): string | undefined {
    return this.names.find((name) => looks.get(name)?.running.includes(containerOf(looks, name)));
  }

  /** After a trial that failed. @throws with why it did, and what was done */
  private async returnFrom(trial: Trial, why: string): Promise<void> {
    this.world.say(`${trial.tried} does not serve (${why}): going back to ${trial.old}`);
    const words = await each(trial.others, async (name) => {
      const said = await this.world.lastWords(name).catch(messageOf);
      return `--- ${name}:\n${said.trim()}`;
    });
    const failed = (what: string, outcome: Outcome): Error =>
      new UpgradeFailed([`the new container does not serve: ${why}`, what, ...words].join("\n"), outcome);
    let told: string | undefined;
    try {
      told = await this.back.go(trial);
    } catch (error) {
      throw failed(messageOf(error), error instanceof UpgradeFailed ? error.outcome : "mixed");
    }
    if (told !== undefined)
      throw failed(
        `${told} Set the setting back, or repair the cause, and run \`${callOf("up")}\` again`,
        "old",
      );
  }

  /**
   * Goes back to the wanted container, and to the datastore as it was before another one first ran on it. Until all nodes
   * are kept out, no node is told the wanted one: it must not start on the datastore as it is.
   */
  private async undo(tried: string, looks: Looks): Promise<void> {
    const old = this.args.wanted;
    const keeper = this.serving(looks) ?? (this.names[0] as string);
    const others = this.names.filter((name) => name !== keeper);
    this.world.say(`going back to ${old}: what was written since ${tried} first answered is discarded`);
    try {
      await each(others, (name) => this.world.halt(name, old));
      await this.world.halt(keeper, old);
      await this.world.name(keeper, old);
    } catch (error) {
      await Promise.allSettled(this.names.map((name) => this.world.point(name, tried)));
      throw new UpgradeFailed(
        `nothing was taken back, and the nodes go on with ${tried}: ${messageOf(error)}`,
        "mixed",
      );
    }
    const told = await this.back.go({ keeper, others, old, tried });
    if (told === undefined)
      throw new UpgradeFailed(
        `nothing was taken back, and the nodes go on with ${tried}, which serves`,
        "mixed",
      );
    this.world.say(told);
  }

  private async look(): Promise<Looks> {
    return new Map(await each(this.names, async (name) => [name, await this.world.look(name)] as const));
  }

  private async troubleOf(names: string[], container: string): Promise<string | undefined> {
    return await troubleOf(names, container, this.world, this.limits);
  }

  /** Gives the standbys the new container; if that fails, they get the old one again. */
  private async prepareStandbys({ keeper, others, old, tried }: Trial, looks: Looks): Promise<void> {
    this.world.say(`${list(others)}: standing by with ${tried}`);
    const changed = others.filter((name) => isBehind(looks.get(name), tried));
    try {
      await each(changed, (name) => this.world.point(name, tried));
      await this.waitUntilReady(others, tried);
    } catch (error) {
      await each(changed, (name) => this.world.point(name, containerOf(looks, name) || old));
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
          (name, i) => `${name}: ${looks[i]?.reason || looks[i]?.state || "its agent does not run"}`,
        );
        throw new Error(
          `no other node is ready to take over (${told.join("; ")}); \`${callOf("status")}\` says more`,
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
        `${keeper} cannot be stopped in order: ${messageOf(error)}. ${now}; \`${callOf("up")}\` goes on from there`,
        "mixed",
      );
    }
    return await this.troubleOf(others, tried);
  }
}
