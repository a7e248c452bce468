import { catalogEnds, isOfPublicCatalog } from "../../domain/box-catalog";
import { type CloudImage, cloudBoxName, defaultCloudImage, isCloudImage } from "../../domain/cloud-image";
import { shownUrl } from "../../local/download";
import { cachedImage } from "../../providers/vagrant/cloud-box/image";
import { type Check, type Finding, fault, remark, runsHere, type Subject, well } from "./check";

/** The cloud image that the stack's box is made of; undefined if its box is one that exists. */
function imageOf({ settings, machine }: Subject): CloudImage | undefined {
  const { box, boxUrl, boxChecksum } = settings ?? {};
  if (isCloudImage(boxUrl)) return boxChecksum ? { url: boxUrl, checksum: boxChecksum } : undefined;
  return box ? undefined : defaultCloudImage(machine.architecture);
}

/** What is needed to make a box of an image, and is missing. */
function missingTools({ machine, hypervisor }: Subject, isHere: boolean): Finding[] {
  const tools = hypervisor === "libvirt" ? ["qemu-img"] : ["qemu-img", "VBoxManage"];
  return [
    ...(tools.some((name) => machine.program(name))
      ? []
      : fault(
          `None of ${tools.join(", ")} is on PATH, and the box is made of a cloud image with it`,
          "apt-get install qemu-utils  (on macOS: brew install qemu)",
        )),
    ...(isHere || machine.program("curl")
      ? []
      : fault("`curl` is not on PATH, and the cloud image is downloaded with it", "install curl")),
  ];
}

const ofCatalog = (box: string | undefined): Finding[] =>
  remark(
    `The box ${box} comes from Vagrant's public catalog, which is announced to end in ${catalogEnds}: from then on no machine can be made of it, unless Vagrant has it already`,
    "remove `box` and `boxVersion` from the stack's file: a box is then made of Debian's cloud image. Machines that are there are made anew by that",
  );

const box: Check = {
  name: "box",
  beforeUp: true,
  look(subject) {
    const { settings, machine } = subject;
    if (!settings || !runsHere(subject) || settings.nodes.every(({ host }) => host)) return [];
    const image = imageOf(subject);
    if (!image) {
      // With a server of one's own Vagrant does not ask the public one.
      const asksPublic = isOfPublicCatalog(settings) && !process.env.VAGRANT_SERVER_URL;
      return asksPublic ? ofCatalog(settings.box) : well(`The box is ${settings.box ?? "the hypervisor's"}`);
    }
    if (subject.known?.machines.length) return well(`The box is ${cloudBoxName(image.checksum)}`);
    const isHere = !/^https?:/i.test(image.url) || machine.exists(cachedImage(image.checksum));
    const missing = missingTools(subject, isHere);
    if (missing.length > 0) return missing;
    const how = isHere ? "which is here" : `which is downloaded once: ${shownUrl(image.url)}`;
    return well(`The box is made of a cloud image, ${how}`);
  },
};

export const boxChecks: Check[] = [box];
