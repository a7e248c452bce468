import { isPinnedReference, parseImage, versionOf } from "../domain/image";
import { shownWay, type Upgrades, wayBetween } from "../domain/upgrades";
import { compareVersions, isVersion } from "../domain/version";
import { callOf } from "../local/called";
import { Failure } from "../local/errors";

/*
 * A walk from one version to another, an `up` for each. What was done is nowhere but in the state: the image of the last
 * release that came to its end. So a walk that was interrupted anywhere is begun anew from there, and an `up` that was
 * interrupted in a step is ended by the next one (providers/release/upgrade.ts): forward if the new version has answered.
 */

/** Where a walk begins and leads. */
export interface WalkPlan {
  from: string;
  to: string;
  /** Images by their names in the settings, one after the other. */
  images: string[];
}

/**
 * @param present the image that the state knows
 * @param image the one of the settings, if they name one: its registry may have changed since
 * @param wanted a version, as in the image's tag
 * @throws Failure with the reason and the way, if there is none
 */
export function planWalk(
  present: string | undefined,
  image: string | undefined,
  wanted: string,
  upgrades: Upgrades,
): WalkPlan {
  if (present === undefined)
    throw new Failure(
      `there is nothing to upgrade yet: set \`image\`, and \`${callOf("up")}\` begins with that version`,
    );
  const { repository, digest } = parseImage(image ?? present);
  if (image !== undefined && digest !== undefined)
    throw new Failure(
      `\`image\` names a digest, and each version has another: set \`image\` to a tag alone, or to the next version with its digest, and run \`${callOf("up")}\``,
    );
  const from = versionOf(present);
  if (from === undefined)
    throw new Failure(
      `which version ${present} is cannot be told from its tag: set \`image\`, and run \`${callOf("up")}\``,
    );
  // What Rancher's users write with and without the letter is one tag in the registry.
  const to = from.startsWith("v") && /^\d/.test(wanted) ? `v${wanted}` : wanted;
  if (!isVersion(to) || !isPinnedReference(`${repository}:${to}`))
    throw new Failure(`${JSON.stringify(wanted)} is no version, such as ${from}`, 2);
  if (compareVersions(to, from) < 0)
    throw new Failure(
      `${to} is older than ${from}, and an older version may spoil the datastore of a newer one. The way back is a backup of that time (\`${callOf("restore")}\`)`,
    );
  const way = wayBetween(from, to, upgrades);
  if ("trouble" in way) throw new Failure(`${from} cannot become ${to}: ${way.trouble}`);
  return { from, to, images: way.steps.map((step) => `${repository}:${step}`) };
}

/** `v2.12.3 -> v2.13.3 (K3s 1.34, etcd 3.6) -> ...` */
export function shownPlan({ from, images }: WalkPlan, { lines }: Pick<Upgrades, "lines">): string {
  const words = images.map((image) => {
    const version = versionOf(image) ?? image;
    const bundles = lines.find(({ line }) => version.replace(/^v/, "").startsWith(`${line}.`))?.bundles;
    return bundles === undefined ? version : `${version} (${bundles})`;
  });
  return shownWay([from, ...words]);
}

/** What a walk does. Tests replace it. */
export interface WalkWorld {
  /** Moves the service to an image, or ends such a move that was interrupted. @throws if it did not succeed */
  move(image: string): Promise<void>;
  /** Why the stack is not healthy; undefined if it is. Waits as long as waiting may help. */
  trouble(): Promise<string | undefined>;
  say(line: string): void;
}

/**
 * Moves the service from image to image. The next step begins only if the stack is healthy with the one before.
 *
 * @throws Failure at the first step that does not succeed, with what it left
 */
export async function walk({ to, images }: WalkPlan, world: WalkWorld): Promise<void> {
  for (const [i, image] of images.entries()) {
    const at = images.length > 1 ? `step ${i + 1} of ${images.length}` : "the step";
    world.say(
      `${image}, ${at}: the service stops once; its datastore is copied before the new version starts, and is put back if that never answers`,
    );
    const again = `\`${callOf("upgrade", to)}\` goes on from here, and is never undone once the new version has answered`;
    try {
      await world.move(image);
    } catch (error) {
      world.say(`the upgrade ended at ${image}: ${again}`);
      throw error;
    }
    const why = await world.trouble();
    if (why !== undefined)
      throw new Failure(
        `the stack has ${image}, and is not healthy, so the upgrade ends here: ${why}; ${again}`,
      );
    world.say(`${image} serves, and the stack is healthy`);
  }
}
