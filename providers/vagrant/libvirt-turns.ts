import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheHome } from "../../local/paths";
import { boxFileName, installedVersions } from "./box";
import type { MachineInputs } from "./inputs";
import { vagrantProcesses } from "./processes";
import { inTurnUntil } from "./turns";
import { deleteVolumes, shared } from "./virsh";

/*
 * Machines of libvirt boot in parallel, but they share three things, which the first machine makes: the box's volume,
 * the network that Vagrant uses, and their private networks. Vagrant prevents conflicts only within one process, and
 * each of our machines has its own. Without the turns here a second one would clone an incomplete volume, or define a
 * network again.
 */

/** Marks a box's volume that is being made. If a later process finds the mark, the volume is not complete. */
interface Upload {
  volume: string;
  directory: string;
}

/** vagrant-libvirt prints this when everything that machines share exists. */
const sharedPartIsOver = /\bStarting domain\b/;

const managementNetwork = ({ libvirt }: MachineInputs): string =>
  libvirt?.managementNetwork?.name ?? "vagrant-libvirt";

/** The beginning of the name of the box's volume; undefined if Vagrant still has to choose the box's version. */
async function volumePrefix(inputs: MachineInputs): Promise<string | undefined> {
  const versions = inputs.boxVersion === undefined ? await installedVersions(inputs) : [inputs.boxVersion];
  if (!inputs.box || versions.length !== 1) return undefined;
  return `${boxFileName(inputs.box)}_vagrant_box_image_${versions[0]}`;
}

/** `..._1.0_box.img`, or `..._1.0.img` of older plugins; not `..._1.0.1_box.img`. */
export const isOfVersion = (prefix: string, volume: string): boolean =>
  volume.startsWith(prefix) && /^(_|\.img$)/.test(volume.slice(prefix.length));

async function hasVolume(inputs: MachineInputs, prefix: string | undefined): Promise<boolean> {
  if (prefix === undefined) return false;
  const { volumes } = await shared(inputs);
  return volumes.some((volume) => isOfVersion(prefix, volume));
}

async function isShared(inputs: MachineInputs, prefix: string | undefined): Promise<boolean> {
  const needed = [managementNetwork(inputs)];
  for (const network of inputs.networks) {
    if (network.type !== "private") continue;
    // Without a name, Vagrant chooses the network, so it is not known yet.
    if (network.name === undefined) return false;
    needed.push(network.name);
  }
  const { networks, volumes } = await shared(inputs);
  const complete = prefix === undefined ? !inputs.box : volumes.some((volume) => isOfVersion(prefix, volume));
  return complete && needed.every((name) => networks.includes(name));
}

async function readUpload(file: string): Promise<Upload | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Upload;
  } catch {
    return undefined;
  }
}

/** Deletes an incomplete volume of a killed `up`, once no process makes it any more. */
async function clearCutUpload(
  inputs: MachineInputs,
  file: string,
  say: (text: string) => void,
): Promise<void> {
  const upload = await readUpload(file);
  if (!upload) return;
  const end = Date.now() + inputs.timeouts.up * 1000;
  while ((await vagrantProcesses(upload.directory)).length > 0) {
    if (Date.now() > end)
      throw new Error(
        `\`vagrant\` in ${upload.directory} is still making the volume ${upload.volume}...: wait until it ends, or end it`,
      );
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  say(`the volume ${upload.volume}... was not finished when its making was interrupted: making it again`);
  await deleteVolumes(inputs, (volume) => isOfVersion(upload.volume, volume));
  await rm(file, { force: true });
}

/**
 * Boots a machine of libvirt: alone until everything that machines share exists, and in parallel from then on.
 *
 * @param boot runs Vagrant; gets a function for each line of its output
 * @param say gets a line for each step that takes time
 */
export async function bootOnLibvirt(
  inputs: MachineInputs,
  boot: (onLine: (line: string) => void) => Promise<void>,
  say: (text: string) => void,
): Promise<void> {
  const which = `${inputs.libvirt?.uri ?? ""} ${inputs.environment.LIBVIRT_DEFAULT_URI ?? process.env.LIBVIRT_DEFAULT_URI ?? ""}`;
  const name = `libvirt-${createHash("sha256").update(which).digest("hex").slice(0, 16)}`;
  const file = join(cacheHome(), `${name}.upload.json`);
  const prefix = await volumePrefix(inputs);
  const isReady = async (): Promise<boolean> =>
    (await readUpload(file)) === undefined && (await isShared(inputs, prefix));
  if (await isReady()) return await boot(() => {});
  await inTurnUntil(
    name,
    async (over) => {
      await clearCutUpload(inputs, file, say);
      if (await isReady()) {
        over();
        return await boot(() => {});
      }
      const uploads = prefix !== undefined && !(await hasVolume(inputs, prefix));
      if (uploads) {
        await mkdir(cacheHome(), { recursive: true });
        await writeFile(
          file,
          JSON.stringify({ volume: prefix, directory: inputs.directory } satisfies Upload),
        );
      }
      const finish = async (): Promise<void> => {
        if (uploads) await rm(file, { force: true });
        over();
      };
      let finishing: Promise<void> | undefined;
      await boot((line) => {
        if (sharedPartIsOver.test(line)) finishing ??= finish();
      });
      await (finishing ?? finish());
    },
    () => say("waiting for another process that makes what machines share"),
  );
}
