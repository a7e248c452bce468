import { address, directory, truthFromText } from "./values";

/** Settings of the shared directory and of who serves it. */
export const storageShape = {
  dataDirectory: directory
    .default("/rancher_data")
    .describe("Where the active node has the shared data mounted"),
  nfsAddress: address
    .optional()
    .describe("This machine's address for the nodes, to mount the shared directory from; default: found out"),
  sharedDirectory: directory
    .optional()
    .describe("The exported directory on this machine; default: one of this stack alone"),
  keepData: truthFromText
    .optional()
    .describe("Whether the shared data outlives the stack; default: false in the lab, true elsewhere"),
};

/** What the rules of the storage look at, checked one by one already. */
interface StorageGiven {
  nodes: { address: string }[];
  nfsAddress?: string | undefined;
}

/** Mistakes of the shared storage that lie between settings. */
export function storageMistakes({ nodes, nfsAddress }: StorageGiven): string[] {
  return nodes.some((each) => each.address === nfsAddress)
    ? ["`nfsAddress` must not be a node's address: the export is on this machine"]
    : [];
}
