import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../local/run";
import { digestOf, type Image } from "./build";

/** A variant of the image, for tests of upgrades. */
export interface VariantOptions {
  /** Its tag, which identifies the version. */
  tag: string;
  /**
   * A command that replaces the stand-in's own start, for `sh -c` in the data directory. The container ends with its
   * exit code.
   */
  start?: string;
}

/**
 * Makes another version of the stand-in: the same layers with another tag, label and, if it is given, another start.
 * Nothing is downloaded, and the registry has the layers already.
 *
 * @param folder the result is in a subfolder named by the tag; if it exists already, it is used
 */
export async function makeVariant(
  image: Image,
  { tag, start }: VariantOptions,
  folder: string,
): Promise<Image> {
  const layout = join(folder, tag);
  const [repository] = image.reference.split(":");
  const found = await digestOf(layout);
  if (found !== undefined) return { reference: `${repository}:${tag}@${found}`, digest: found, layout };
  const former = image.reference.slice(`${repository}:`.length).split("@")[0] ?? "";
  await mkdir(dirname(layout), { recursive: true });
  const building = join(await mkdtemp(`${layout}.`), "layout");
  await cp(image.layout, building, { recursive: true });
  const entrypoint = start === undefined ? [] : ["sh", "-c", start];
  await run("umoci", [
    "config",
    ...["--image", `${building}:${former}`, "--tag", tag, "--no-history"],
    ...["--created", "1970-01-01T00:00:00Z", "--config.label", `org.opencontainers.image.version=${tag}`],
    ...(entrypoint.length ? ["--clear", "config.entrypoint"] : []),
    ...entrypoint.flatMap((word) => ["--config.entrypoint", word]),
  ]);
  await run("umoci", ["rm", "--image", `${building}:${former}`]);
  await run("umoci", ["gc", "--layout", building]);
  await rename(building, layout);
  await rm(dirname(building), { recursive: true });
  const digest = await digestOf(layout);
  if (digest === undefined) throw new Error(`${layout} is not an OCI layout`);
  return { reference: `${repository}:${tag}@${digest}`, digest, layout };
}
