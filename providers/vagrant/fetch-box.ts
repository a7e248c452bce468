import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { isCloudImage } from "../../domain/cloud-image";
import { artifactsHome } from "../../local/paths";
import { isInstalled, vagrantHome } from "./box";
import { boxAdd } from "./client";
import type { MachineInputs } from "./inputs";
import { inTurn } from "./turns";

type Say = (text: string) => void;

/** Makes a box of a cloud image, and gives it to Vagrant. The image is kept; Vagrant has the box. */
async function addCloudBox(inputs: MachineInputs, url: string, say: Say): Promise<void> {
  const { boxChecksum: checksum, hypervisor, box, timeouts } = inputs;
  if (checksum === undefined || (hypervisor !== "libvirt" && hypervisor !== "virtualbox"))
    throw new Error(`\`boxUrl\`: no box for ${hypervisor} can be made of that cloud image`);
  const [{ fetchImage }, { makeBox }] = await Promise.all([
    import("./cloud-box/image.js"),
    import("./cloud-box/make.js"),
  ]);
  const image = await fetchImage({ url, checksum }, timeouts.box, say);
  say(`making the box ${box} of the cloud image`);
  await mkdir(artifactsHome(), { recursive: true });
  const folder = await mkdtemp(join(artifactsHome(), "cloud-box-"));
  try {
    const file = await makeBox(image, hypervisor, folder);
    await boxAdd({ ...inputs, boxUrl: file, boxVersion: undefined, boxChecksum: undefined });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Downloads the machine's box unless Vagrant has it, or makes it of a cloud image. That is done once for all machines of all
 * stacks: with plain Vagrant each `up` downloads it, and they disturb each other.
 *
 * @param say gets a line for each step that takes time
 */
export async function ensureBox(inputs: MachineInputs, say: Say): Promise<void> {
  const { box, boxUrl } = inputs;
  if (box === undefined || (await isInstalled(inputs))) return;
  const which = `${vagrantHome(inputs)} ${box} ${inputs.hypervisor}`;
  const name = `box-${createHash("sha256").update(which).digest("hex").slice(0, 16)}`;
  const fetch = async (): Promise<void> => {
    if (await isInstalled(inputs)) return;
    if (isCloudImage(boxUrl)) return await addCloudBox(inputs, boxUrl, say);
    say(`fetching the box ${box}`);
    await boxAdd(inputs);
  };
  await inTurn(name, fetch, () => say(`waiting for the box ${box}, which another process fetches`));
}
