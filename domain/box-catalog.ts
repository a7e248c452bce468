/** When the public catalog of boxes, which Vagrant asks by default, is announced to end. That date has moved before. */
export const catalogEnds = "March 2027";

const catalogHosts = /(^|\.)(vagrantcloud\.com|vagrantup\.com|hashicorp\.com|hashicorp\.cloud)$/;

function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return ""; // A path.
  }
}

/** Whether Vagrant finds a box through the public catalog: by a name `ORGANISATION/BOX`, or by an address there. */
export const isOfPublicCatalog = ({
  box,
  boxUrl,
}: {
  box?: string | undefined;
  boxUrl?: string | undefined;
}): boolean => (boxUrl === undefined ? (box?.includes("/") ?? false) : catalogHosts.test(hostOf(boxUrl)));
