import type * as pulumi from "@pulumi/pulumi";
import { isDowngrade, parseImage, versionOf } from "../../domain/image";
import { shownWay, type Upgrades, wayBetween } from "../../domain/upgrades";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { unknownValue } from "../../local/pulumi/values";
import type { SshEndpoint } from "../remote/endpoint";
import { isUnfinished } from "./scripts";
import { trapsOnNodes } from "./traps";

/** What of a release says which images it has. What is not known yet in some previews is a text. */
interface Imaged {
  image?: string;
  companionImages?: Record<string, string> | string;
  endpoints?: Record<string, SshEndpoint> | string;
  upgrades?: Upgrades | string;
}

/** Images that would go back to an older version, the service's own and those of its further containers. */
export function downgrades(olds: Imaged, news: Imaged): pulumi.dynamic.CheckFailure[] {
  const imagesOf = ({ image = "", companionImages }: Imaged): Record<string, string> => ({
    // Not known yet in some previews.
    ...(typeof companionImages === "object" ? companionImages : {}),
    "": image,
  });
  const former = imagesOf(olds);
  return Object.entries(imagesOf(news)).flatMap(([name, image]) => {
    const old = former[name];
    if (!old || !image || image === unknownValue || !isDowngrade(old, image)) return [];
    const whose = name ? `the \`image\` of ${name}` : "`image`";
    const reason =
      `${whose} must not go back from ${old} to ${image}: an older version may not open, or may spoil, the ` +
      `datastore of a newer one. Set ${whose} to that version or a newer one; set \`allowDowngrade\` if it must be`;
    return [{ property: name ? "companionImages" : "image", reason }];
  });
}

/**
 * Why an image must not follow another one; undefined if it may. Looks at the nodes, and touches nothing. Nodes that are in the
 * middle of an upgrade are past this.
 */
export async function upgradeTrouble(olds: Imaged, news: Imaged): Promise<string | undefined> {
  const { upgrades } = news;
  const [from, to] = [olds.image, news.image].map((image) => versionOf(image ?? ""));
  if (typeof upgrades !== "object" || from === undefined || to === undefined) return undefined;
  const way = wayBetween(from, to, upgrades);
  if ("trouble" in way) return `\`image\` must not go from ${from} to ${to}: ${way.trouble}`;
  const [next = to, ...rest] = way.steps;
  if (rest.length > 0)
    return (
      `\`image\` must not go from ${from} to ${to} at once, since each minor version makes the next one's datastore ` +
      `(${shownWay([from, ...way.steps])}): \`${callOf("upgrade", to)}\` goes there step by step, or set \`image\` to ` +
      `${parseImage(news.image ?? "").repository}:${next} first`
    );
  const { endpoints } = olds;
  if (typeof endpoints !== "object") return undefined;
  try {
    const found = await trapsOnNodes(endpoints, { from, to }, upgrades, () => isUnfinished(endpoints));
    return found.length > 0
      ? `\`image\` must not go from ${from} to ${to} as it is, and nothing was touched: ${found.join("; ")}`
      : undefined;
  } catch (error) {
    return `\`image\` must not go from ${from} to ${to} unseen: ${messageOf(error)}`;
  }
}
