import { setTimeout as sleep } from "node:timers/promises";
import type { VolumeInspectInfo } from "dockerode";
import { unknownValue as unknown } from "../../../local/pulumi/values";
import { changes } from "../diff";
import { checkFields, type Fields } from "../fields";
import type { ResourceType } from "../plugin";
import { plain, type Values } from "../values";
import { commonFields } from "./common-fields";
import { type Engine, saidBy, statusOf, unlessMissing } from "./engine";

/** The inputs of `docker:index/volume:Volume` 5.2.0 that are implemented. */
const volumeFields: Fields = {
  ...commonFields,
  driver: { is: "string" },
  driverOpts: { is: "map", of: { is: "string" } },
  cluster: { is: "refused", instead: "use a local volume" },
};

/** Milliseconds until a removed container must have released its volume. */
const releaseTimeout = 30_000;

/** The outputs of a volume: the inputs, and the engine's answer. */
const outputsOf = (inputs: Values, volume: VolumeInspectInfo): Values => ({
  ...inputs,
  driver: volume.Driver,
  mountpoint: volume.Mountpoint,
});

/**
 * `docker:index/volume:Volume`: a volume on a host. An existing volume with that name is adopted, as the engine does.
 *
 * @param engine gives the configured host's engine
 */
export function volume(engine: () => Engine): ResourceType {
  const inspected = (name: string): Promise<VolumeInspectInfo | undefined> =>
    unlessMissing(engine().api.getVolume(name).inspect());

  return {
    check: (news) => checkFields("docker", volumeFields, news),

    // All inputs are fixed when a volume is made.
    diff: (oldInputs, news) => ({
      changes: changes(plain(oldInputs), plain(news)).map((change) => ({ ...change, replace: true })),
      deleteBeforeReplace: oldInputs.name === news.name,
    }),

    previewCreate: (inputs) => ({ driver: unknown, mountpoint: unknown, ...inputs }),

    async create(_context, inputs) {
      const { host, api } = engine();
      const labels = (inputs.labels ?? []) as { label: string; value: string }[];
      const name = inputs.name as string;
      try {
        await api.createVolume({
          Name: name,
          Driver: (inputs.driver as string | undefined) ?? "local",
          DriverOpts: inputs.driverOpts as Record<string, string> | undefined,
          Labels: Object.fromEntries(labels.map(({ label, value }) => [label, value])),
        });
      } catch (error) {
        if (statusOf(error) === undefined) throw error;
        throw new Error(`cannot create the volume ${name} on ${host}: ${saidBy(error)}`);
      }
      const made = await inspected(name);
      if (!made) throw new Error(`the volume ${name} was made on ${host}, and the engine does not find it`);
      return { id: name, properties: outputsOf(inputs, made) };
    },

    async read(_context, { id, properties, inputs }) {
      const found = await inspected(id);
      return found && { id, properties: outputsOf(properties, found), inputs };
    },

    previewUpdate: (olds, news) => ({ ...olds, ...news }),
    // Nothing changes in place.
    update: async (_context, _id, olds, news) => ({ ...olds, ...news }),

    async delete(_context, id) {
      const { host, api } = engine();
      for (const end = Date.now() + releaseTimeout; ; await sleep(500)) {
        try {
          await unlessMissing(api.getVolume(id).remove());
          return;
        } catch (error) {
          if (statusOf(error) === undefined) throw error;
          if (statusOf(error) !== 409 || Date.now() > end)
            throw new Error(
              `cannot remove the volume ${id} from ${host}: ${saidBy(error)}. Remove the containers that use it`,
            );
        }
      }
    },
  };
}
