/** A resource of a state; nothing of it is sure. */
interface Recorded {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
}

const shownAddress = (address: unknown): string =>
  typeof address === "string" && address ? ` (${address.replace(/\/.*/, "")})` : "";

/** What the removal of a resource takes away, by its type. */
const losses: Record<string, (name: string, inputs: Record<string, unknown>, purges: boolean) => string> = {
  "pulumi-nodejs:dynamic/vagrant:Machine": (name, { networks }) => {
    const [first] = Array.isArray(networks) ? (networks as { address?: unknown }[]) : [];
    return `the machine ${name}${shownAddress(first?.address)} with its disks`;
  },
  "pulumi-nodejs:dynamic/host:Host": (name, { address }) =>
    `what was put on the host ${name}${shownAddress(address)}; the host itself stays`,
  "pulumi-nodejs:dynamic/nfs:Export": (_name, { directory, removeData }, purges) =>
    removeData === true || purges
      ? `the shared data in ${directory}`
      : `the export of ${directory}; the data in it stays`,
};

/**
 * What somebody would miss of a stack that is removed, a phrase each.
 *
 * @param purges the shared data goes, too, whatever the stack's settings say
 */
export const lossesOf = (resources: readonly Recorded[], purges: boolean): string[] =>
  resources.flatMap(({ urn, type, inputs = {} }) => {
    const name = urn.split("::").at(-1) ?? "";
    return losses[type]?.(name, inputs, purges) ?? [];
  });
