import ipaddr from "ipaddr.js";
import { z } from "zod";
import { address, directory, truthFromText } from "./values";

/** Who serves the shared directory, and with which NFS. */
export const storageKinds = ["host", "machine", "server"] as const;
export const nfsVersions = ["4.2", "3"] as const;

/** Settings of the shared directory and of who serves it. */
export const storageShape = {
  storage: z
    .enum(storageKinds, { error: `must be one of ${storageKinds.join(", ")}` })
    .default("host")
    .describe(
      "Who serves the shared directory over NFS: host is the machine that this runs on, machine one more machine of the stack (for hosts that cannot export: macOS, Windows), server an NFS server that is there",
    ),
  dataDirectory: directory
    .default("/rancher_data")
    .describe("Where the active node has the shared data mounted"),
  nfsAddress: address
    .optional()
    .describe(
      "Where nodes mount the shared directory from; needed for `storage` machine (a free address) and server; default: this machine's address",
    ),
  sharedDirectory: directory
    .optional()
    .describe(
      "The exported directory, on the machine that serves it; needed for server; default: one of this stack alone",
    ),
  nfsVersion: z
    .enum(nfsVersions, { error: `must be one of ${nfsVersions.join(", ")}` })
    .default("4.2")
    .describe("Version of NFS; 3 has no leases, so that a weaker rule applies: docs/one-writer.md"),
  keepData: truthFromText
    .optional()
    .describe("Whether the shared data outlives the stack; default: false in the lab, true elsewhere"),
};

/** The name of the machine that serves the shared directory, where one does. */
export const storageMachine = "storage";

/** What the rules of the storage look at, checked one by one already. */
type StorageGiven = z.output<z.ZodObject<typeof storageShape>> & {
  vip: string;
  subnet?: string | undefined;
  nodes: { name: string; address: string; host?: unknown }[];
};

/** Mistakes of the shared storage that lie between settings. */
export function storageMistakes(given: StorageGiven): string[] {
  const { storage, nodes, nfsAddress } = given;
  const mistakes: string[] = [];
  if (nodes.some((each) => each.address === nfsAddress))
    mistakes.push(
      "`nfsAddress` must not be a node's address: no node serves the shared directory, since it would be gone with that node",
    );
  if (nfsAddress !== undefined && nfsAddress === ipaddr.IPv4.parseCIDR(given.vip)[0].toString())
    mistakes.push("`nfsAddress` must not be the `vip`: that moves between nodes");
  if (storage === "machine") mistakes.push(...machineMistakes(given));
  if (storage === "server") mistakes.push(...serverMistakes(given));
  return mistakes;
}

function machineMistakes({ nodes, nfsAddress, keepData, vip, subnet }: StorageGiven): string[] {
  const mistakes: string[] = [];
  const network = ipaddr.IPv4.networkAddressFromCIDR(subnet ?? vip);
  const [, prefix] = ipaddr.IPv4.parseCIDR(subnet ?? vip);
  const ends = [network, ipaddr.IPv4.broadcastAddressFromCIDR(subnet ?? vip)].map(String);
  if (nfsAddress === undefined)
    mistakes.push(
      `\`nfsAddress\` is missing: with \`storage\` machine it is that machine's address; give a free one in the nodes' network (${network}/${prefix})`,
    );
  else if (!ipaddr.IPv4.parse(nfsAddress).match(network, prefix) || ends.includes(nfsAddress))
    mistakes.push(
      `\`nfsAddress\` (${nfsAddress}) must be an address for hosts in the nodes' network (${network}/${prefix}): it is the storage machine's`,
    );
  if (keepData)
    mistakes.push(
      "`keepData` cannot be true with `storage` machine: the data is on that machine's disk and goes with it; use host or server, or remove `keepData`",
    );
  if (nodes.every(({ host }) => host))
    mistakes.push(
      "`storage` must not be machine where every node is a host: no machines are made then; use server, or host",
    );
  for (const [i, { name }] of nodes.entries())
    if (name === storageMachine)
      mistakes.push(
        `\`nodes[${i}].name\` must not be ${storageMachine}: the machine that serves the shared directory has that name`,
      );
  return mistakes;
}

function serverMistakes({ nfsAddress, sharedDirectory, keepData }: StorageGiven): string[] {
  const mistakes: string[] = [];
  if (nfsAddress === undefined)
    mistakes.push("`nfsAddress` is missing: with `storage` server it is the address of your NFS server");
  if (sharedDirectory === undefined)
    mistakes.push(
      "`sharedDirectory` is missing: with `storage` server it is the path that your server exports",
    );
  if (keepData === false)
    mistakes.push(
      "`keepData` cannot be false with `storage` server: what is on your server is never deleted; remove `keepData`",
    );
  return mistakes;
}
