import { z } from "zod";
import { parseImage } from "../domain/image";
import { mistake } from "../domain/mistake";
import {
  dotsError,
  group,
  hasRealPort,
  list,
  noDots,
  pinnedImage,
  type Rule,
  secret,
  setting,
  text,
  truth,
} from "./values";

const mirror = text
  .regex(/^https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?\/?$/, {
    error: "must be a registry's address such as https://mirror.example.com:5000",
  })
  .refine(hasRealPort, { error: "must have a port from 1 to 65535" });

const imageArchive = group({
  file: setting(
    text
      .regex(/^\/[^\p{Cc}]+$/u, { error: "must be a file on this machine, as an absolute path" })
      .refine(noDots, { error: dotsError }),
    "The archive on this machine, as `docker save` writes it",
  ),
  sha256: setting(
    text.regex(/^[a-f0-9]{64}$/, {
      error: "must be the archive's SHA-256 in hex: `sha256sum FILE` prints it",
    }),
    "The archive's SHA-256: another file is not loaded",
  ),
});

const word = (what: string) =>
  secret(
    z
      .string({ error: `must be ${what}` })
      .min(1, { error: `must be ${what}` })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .regex(/^[^\u0000-\u001f\u007f]*$/, { error: "must be one line, without control characters" }),
  );

const registryLogin = z.strictObject(
  {
    username: setting(word("the user's name"), "The user's name at the registry"),
    password: setting(word("the password"), "The user's password, or a token: keep it encrypted"),
  },
  { error: "must be settings by name, such as `username` and `password`" },
);

/** Settings of a container's image, and of how nodes come by it. */
export const imageShape = {
  image: setting(
    pinnedImage.optional(),
    "The container's image with a tag or digest; another one is an upgrade: docs/upgrade.md",
    "a pinned rancher/rancher, in the lab its stand-in; needed for another `workload`",
  ),
  allowDowngrade: setting(
    truth.default(false),
    "Let an older version of `image` follow a newer one, which may spoil the datastore",
  ),
  discardWritesOf: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]+$/, { error: "must be a container's name, such as rancher-1a2b3c4d" })
      .optional(),
    "A container that has answered: go back to before it, and lose all that was written since; with the settings of before",
    "none",
  ),
  registryLogin: setting(
    registryLogin.optional(),
    "Login for the registry that `image` is in; keep the password encrypted",
    "none",
  ),
  imageArchive: setting(
    imageArchive.optional(),
    "A file to load `image` from, in place of a registry: for nodes that reach none",
    "none",
  ),
  registryMirrors: setting(
    list(mirror, { of: "registries" }),
    "Registries that Docker on the nodes asks before Docker Hub; merged into its daemon.json",
  ),
};

interface ImageGiven {
  image?: string | undefined;
  imageArchive?: object | undefined;
  registryLogin?: object | undefined;
}

/** What an image must keep to. */
export const imageRules: Rule<ImageGiven>[] = [
  {
    of: ["imageArchive?", "image"],
    check: ({ imageArchive, image }) =>
      imageArchive && image !== undefined && parseImage(image).digest !== undefined
        ? [
            mistake(
              "image",
              "must be a name with a tag, without a digest, where `imageArchive` is given",
              "an archive knows no digests, and `imageArchive.sha256` says which one it is",
            ),
          ]
        : [],
  },
  {
    of: ["imageArchive?", "registryLogin?"],
    check: ({ imageArchive, registryLogin }) =>
      imageArchive && registryLogin
        ? [
            {
              path: "registryLogin",
              subject: "`registryLogin` and `imageArchive`",
              rule: "exclude each other",
              wayOut: "an archive comes from no registry",
            },
          ]
        : [],
  },
];
