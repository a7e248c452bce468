/** The parts of a recorded resource that are read. None of them is certain to be there. */
interface Recorded {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
}

const directoryOf = (value: unknown): string => (typeof value === "string" ? value : "a directory");

const shownAddress = (address: unknown): string =>
  typeof address === "string" && address ? ` (${address.replace(/\/.*/, "")})` : "";

/** Describes what the removal of a resource deletes, by the resource's type. */
const losses: Record<string, (name: string, inputs: Record<string, unknown>, purges: boolean) => string> = {
  "pulumi-nodejs:dynamic/vagrant:Machine": (name, { networks }) => {
    const [first] = Array.isArray(networks) ? (networks as ({ address?: unknown } | null)[]) : [];
    return `the machine ${name}${shownAddress(first?.address)} with its disks`;
  },
  "pulumi-nodejs:dynamic/host:Host": (name, { address }) =>
    `what was put on the host ${name}${shownAddress(address)}; the host itself stays`,
  "pulumi-nodejs:dynamic/nfs:Export": (_name, { directory, removeData }, purges) =>
    removeData === true || purges
      ? `the shared data in ${directoryOf(directory)}`
      : `the export of ${directoryOf(directory)}; the data in it stays`,
};

/**
 * What the removal of a stack deletes, one phrase each.
 *
 * @param purges whether the shared data is deleted, too, whatever the stack's settings say
 */
export const lossesOf = (resources: readonly Recorded[], purges: boolean): string[] =>
  resources.flatMap(({ urn, type, inputs = {} }) => {
    const name = urn.split("::").at(-1) ?? "";
    return (Object.hasOwn(losses, type) && losses[type]?.(name, inputs, purges)) || [];
  });
