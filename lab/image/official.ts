import { join } from "node:path";
import { parseImage } from "../../domain/image";
import { Failure } from "../../local/errors";
import { artifactsHome } from "../../local/paths";
import type { LabDescription } from "../description";
import { registryMirror } from "../layout";
import { within } from "../namespace";
import { pushImage } from "../registry";
import { buildImage, type ImageName } from "./build";
import { makeVariant } from "./variant";

/*
 * The lab has no internet access, and its registry is the mirror in which nodes look for what Docker Hub has. So an image
 * that is made of Debian packages here can have an official image's name there.
 */

/** The version that Debian has, as tags begin, by the image's name. */
const versions: Partial<Record<ImageName, string>> = {
  postgres: "15",
  redis: "7",
  nginx: "1",
  registry: "2",
};

/** The image that stands in for an official one here; undefined: there is none. @throws Failure for another version */
export function standInOf(reference: string): { name: ImageName; tag: string } | undefined {
  const { repository, tag, digest } = parseImage(reference);
  const name = repository.replace(/^(docker\.io\/)?(library\/)?/, "") as ImageName;
  const version = Object.hasOwn(versions, name) ? versions[name] : undefined;
  if (version === undefined || tag === undefined || digest !== undefined) return undefined;
  if (tag === version || tag.startsWith(`${version}.`) || tag.startsWith(`${version}-`)) return { name, tag };
  throw new Failure(
    `\`image\` is ${reference}, and the lab cannot download it: it makes \`${name}\` of Debian's packages, which have version ${version}. Name a tag of that version, or use another hypervisor`,
  );
}

/**
 * Puts what stands in for an official image into the lab's registry, under the official name.
 *
 * @param say gets a line for each step; not called if it is there already
 * @throws Failure if it would be another version
 */
export async function offerOfficial(
  reference: string,
  lab: LabDescription,
  say: (line: string) => void,
): Promise<void> {
  const found = standInOf(reference);
  if (!found) return;
  const { name, tag } = found;
  const image = await buildImage(say, name);
  const folder = join(artifactsHome(), "official", `${name}-${image.digest.slice(7, 19)}`);
  const { layout, digest } = await makeVariant(image, { tag }, folder);
  await pushImage({
    ...{ layout, reference: `library/${name}:${tag}@${digest}` },
    ...{ registry: registryMirror, command: within(lab.namespace) },
  });
}
