/** A disk with a system that cloud-init makes ready at its first boot. */
export interface CloudImage {
  /** Address of a qcow2 or raw disk. */
  url: string;
  /** Its type and value: `sha512:` and hex digits. */
  checksum: string;
}

/**
 * The build of Debian 12's image for machines of any kind that default boxes are made of. The image with few drivers
 * (`genericcloud`) has none for VirtualBox.
 *
 * The sums are here, and not fetched from beside the images: whoever can change the one could change the other. They were
 * read on 2026-11-30 in public repositories that pin this build: both in the catalog of images of a virtual machine manager,
 * and amd64's a second time, in another author's test of a firewall.
 */
const build = "20260806-2562";
const debian = "https://cloud.debian.org/images/cloud/bookworm";
const sums: Readonly<Record<string, string>> = {
  amd64:
    "0b04eda1c80b255d6234ae6fe63c43a6cb0de4afc5c37873acbc82d5b1feba7a619d2402d2341af1cf9e0898fa7d5225be343fef47349b18fe28b838001bd8eb",
  arm64:
    "8f872616a25ac6ca7c0d1b169b062931db51cd03fda4c8cbc74f228d045b186edd1c7d105933a7149c3377372cd0196d7659f07574d7bf6425b82b01df323026",
};

/**
 * Debian's image for machines of an architecture.
 *
 * @param architecture as in `process.arch`
 * @returns undefined if there is none
 */
export function defaultCloudImage(architecture: string): CloudImage | undefined {
  const name = architecture === "x64" ? "amd64" : architecture;
  if (!Object.hasOwn(sums, name)) return undefined;
  return {
    url: `${debian}/${build}/debian-12-generic-${name}-${build}.qcow2`,
    checksum: `sha512:${sums[name]}`,
  };
}

/** Whether `boxUrl` names a disk that a box is to be made of, and not a box or a catalog. */
export const isCloudImage = (url: string | undefined): url is string =>
  url !== undefined && /\.(qcow2|img|raw)([?#]|$)/i.test(url);

const prefix = "ha-rancher-cloud-";

/** The name of the box that is made of an image with that checksum. */
export const cloudBoxName = (checksum: string): string =>
  `${prefix}${(checksum.split(":")[1] ?? "").slice(0, 12)}`;

/** Whether a box was made here of a cloud image. */
export const isCloudBox = (box: string | undefined): boolean => box?.startsWith(prefix) ?? false;
