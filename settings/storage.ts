import { address, directory, truthFromText } from "./values";

/** Settings of the shared directory and of who serves it. */
export const storageShape = {
  dataDirectory: directory.default("/rancher_data"),
  nfsAddress: address.optional(),
  sharedDirectory: directory.optional(),
  keepData: truthFromText.optional(),
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
