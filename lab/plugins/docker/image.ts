import type { ImageInspectInfo } from "dockerode";
import { familiarName, parseImage } from "../../../domain/image";
import { unknownValue as unknown } from "../../../local/pulumi/values";
import { changes } from "../diff";
import { checkFields, type Fields } from "../fields";
import type { Context, ResourceType } from "../plugin";
import { plain, type Values } from "../values";
import { type Engine, saidBy, statusOf, unlessMissing } from "./engine";
import { loginFor } from "./registry-auth";

const imageFields: Fields = {
  name: {
    is: "string",
    required: true,
    rule: (value: string) =>
      value && !/\s/.test(value) ? undefined : "must be an image's name, such as `registry:5000/name:tag`",
  },
  keepLocally: { is: "boolean" },
  forceRemove: { is: "boolean" },
  platform: { is: "refused", instead: "use an image of the machine's own platform" },
  pullTriggers: { is: "refused", instead: "pin the image by its digest, `name:tag@sha256:...`" },
  triggers: { is: "refused", instead: "pin the image by its digest, `name:tag@sha256:...`" },
  build: { is: "refused", instead: "build the image elsewhere and pull it" },
};

/** Splits a name into its repository and the tag for the engine's API: the digest, if the name has one. */
export function splitName(name: string): { repository: string; tag: string } {
  const { repository, tag, digest } = parseImage(name);
  return { repository, tag: digest ?? tag ?? "latest" };
}

/** The `repository@sha256:...` under which the image was pulled; empty if it never was pulled. */
export function repoDigestOf(name: string, image: Pick<ImageInspectInfo, "RepoDigests">): string {
  const { repository, tag } = splitName(name);
  const own = (image.RepoDigests ?? []).filter(
    (digest) => familiarName(parseImage(digest).repository) === familiarName(repository),
  );
  return own.find((digest) => digest.endsWith(`@${tag}`)) ?? own[0] ?? image.RepoDigests?.[0] ?? "";
}

async function pull(engine: Engine, name: string, context: Context): Promise<void> {
  const { repository, tag } = splitName(name);
  const failed = (reason: string): Error =>
    new Error(
      `cannot pull ${name} on ${engine.host}: ${reason}. Check the image's name, and that ${engine.host} can reach its registry`,
    );
  let failure: string | undefined;
  try {
    const request = { fromImage: repository, tag, abortSignal: context.signal };
    const stream = await engine.api.createImage(loginFor(engine.logins, repository), request);
    const shown = new Map<string, string>();
    await new Promise<void>((resolve, reject) => {
      engine.api.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        (event: { id?: string; status?: string; error?: string }) => {
          failure ??= event.error;
          const { id = "", status } = event;
          if (!status || shown.get(id) === status) return;
          shown.set(id, status);
          context.status(id ? `${id}: ${status}` : status);
        },
      );
    });
  } catch (error) {
    // The engine refused, or it could not be reached, which has its own message.
    throw statusOf(error) === undefined && !context.signal.aborted
      ? error
      : failed(context.signal.aborted ? "it was cancelled" : saidBy(error));
  }
  if (context.signal.aborted) throw failed("it was cancelled");
  if (failure) throw failed(failure.trim());
}

const inspect = (engine: Engine, name: string): Promise<ImageInspectInfo | undefined> =>
  unlessMissing(engine.api.getImage(name).inspect());

/** Returns the image of that name; pulls it if the engine does not have it. */
export async function ensureImage(engine: Engine, name: string, context: Context): Promise<ImageInspectInfo> {
  const present = await inspect(engine, name);
  if (present) return present;
  await pull(engine, name, context);
  const pulled = await inspect(engine, name);
  if (pulled) return pulled;
  throw new Error(`${name} was pulled on ${engine.host}, and the engine does not find it under that name`);
}

const outputsOf = (inputs: Values, name: string, image: ImageInspectInfo): Values => ({
  ...inputs,
  imageId: image.Id,
  repoDigest: repoDigestOf(name, image),
});

const comparable = (values: Values): Values => ({ keepLocally: false, forceRemove: false, ...plain(values) });

/**
 * `docker:index/remoteImage:RemoteImage`: an image on a host.
 *
 * @param engine gives the configured host's engine
 */
export function remoteImage(engine: () => Engine): ResourceType {
  return {
    check: (news) => checkFields("docker", imageFields, news),

    diff: (oldInputs, news) => ({
      changes: changes(comparable(oldInputs), comparable(news)).map((change) => ({
        ...change,
        replace: change.path === "name",
      })),
    }),

    previewCreate: (inputs) => ({ ...inputs, imageId: unknown, repoDigest: unknown }),

    async create(context, inputs) {
      const name = inputs.name as string;
      const image = await ensureImage(engine(), name, context);
      return { id: `${image.Id}${name}`, properties: outputsOf(inputs, name, image) };
    },

    async read(_context, { properties, inputs }) {
      const { name } = properties;
      if (typeof name !== "string") throw new Error("an image cannot be imported with the offline stand-in");
      const image = await inspect(engine(), name);
      return image && { id: `${image.Id}${name}`, properties: outputsOf(properties, name, image), inputs };
    },

    previewUpdate: (olds, news) => ({ ...olds, ...news }),

    async update(context, _id, _olds, news) {
      const name = news.name as string;
      return outputsOf(news, name, await ensureImage(engine(), name, context));
    },

    async delete(_context, _id, properties) {
      if (properties.keepLocally === true) return;
      const name = properties.name as string;
      const { host, api } = engine();
      try {
        await unlessMissing(api.getImage(name).remove({ force: properties.forceRemove === true }));
      } catch (error) {
        if (statusOf(error) === undefined) throw error;
        throw new Error(
          `cannot remove ${name} from ${host}: ${saidBy(error)}. Remove what uses it, or set \`keepLocally\` or \`forceRemove\``,
        );
      }
    },
  };
}
