import { z } from "zod";
import { parseImage } from "../domain/image";
import { list, settingsByName, text, wholeFromText } from "./values";

const mirror = text.regex(/^https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?\/?$/, {
  error: "must be a registry's address such as https://mirror.example.com:5000",
});

const imageArchive = z.strictObject(
  {
    file: text
      .regex(/^\//, { error: "must be a file on this machine, as an absolute path" })
      .describe("The archive on this machine, as `docker save` writes it"),
    sha256: text
      .regex(/^[a-f0-9]{64}$/, {
        error: "must be the archive's SHA-256 in hex: `sha256sum FILE` prints it",
      })
      .describe("The archive's SHA-256: another file is not loaded"),
  },
  { error: settingsByName },
);

/** Settings of how nodes come by the image, and of what it needs there. */
export const imageShape = {
  imageArchive: imageArchive
    .optional()
    .describe("A file to load `image` from, in place of a registry: for nodes that reach none"),
  registryMirrors: list(mirror).describe(
    "Registries that Docker on the nodes asks before Docker Hub; merged into its daemon.json",
  ),
  memoryFloor: wholeFromText(256, 1_048_576, " MiB")
    .optional()
    .describe(
      "MiB of memory that a host must have, or nothing is made there; default: 3584 for Rancher's own image, else any; machines are judged by the policy memory-floor",
    ),
};

/** Settings of this file that are given as JSON where everything is text. */
export const imageStructured: Record<string, string> = {
  imageArchive: "`file` and `sha256`",
  registryMirrors: "a list of registries",
};

/**
 * MiB of memory that a host must have. Rancher's smallest size is 4 GiB (its installation requirements), of which
 * the kernel keeps some for itself.
 */
export const memoryFloorOf = (memoryFloor: number | undefined, image: string): number | undefined =>
  memoryFloor ?? (/(^|\/)rancher\/rancher$/.test(parseImage(image).repository) ? 3_584 : undefined);

interface ImageGiven {
  image?: string | undefined;
  imageArchive?: object | undefined;
  registryLogin?: object | undefined;
}

/** Mistakes of the image that lie between settings. */
export function imageMistakes({ image, imageArchive, registryLogin }: ImageGiven): string[] {
  if (!imageArchive) return [];
  return [
    ...(image !== undefined && parseImage(image).digest !== undefined
      ? [
          "`image` must be a name with a tag, without a digest, where `imageArchive` is given: an archive knows no digests, and `imageArchive.sha256` says which one it is",
        ]
      : []),
    ...(registryLogin
      ? ["`registryLogin` and `imageArchive` exclude each other: an archive comes from no registry"]
      : []),
  ];
}
