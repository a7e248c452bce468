import { type CloudImage, cloudBoxName, defaultCloudImage } from "../../domain/cloud-image";

/** The inputs of a machine that say what it is made of. */
export interface BoxInputs {
  box: string;
  boxUrl: string;
  boxChecksum: string;
  guest: string;
  networkd: boolean;
}

/** A box that is made here of a Debian's cloud image, as inputs of a machine. */
export const cloudBox = ({ url, checksum }: CloudImage): BoxInputs => ({
  box: cloudBoxName(checksum),
  boxUrl: url,
  boxChecksum: checksum,
  guest: "debian",
  networkd: true,
});

/**
 * A box of Debian that no catalog has to offer, for libvirt and virtualbox: it is made here of Debian's own cloud image, which is
 * downloaded once, with its checksum. `new Machine("web", { ...debianBox(), hypervisor: "libvirt", ... })`
 *
 * @param architecture as in `process.arch`; default: this host's
 * @throws if no image for the architecture is known: name a box then
 */
export function debianBox(architecture: string = process.arch): BoxInputs {
  const image = defaultCloudImage(architecture);
  if (!image) throw new Error(`no cloud image of Debian for ${architecture} is known: name a \`box\``);
  return cloudBox(image);
}
