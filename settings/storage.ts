import type { z } from "zod";
import { type Mistake, mistake } from "../domain/mistake";
import { addressOf, cidrOf, endsOf, isInside, networkOf } from "../domain/network";
import { address, directory, oneOf, type Rule, setting, truth, whole } from "./values";

/** Who serves the shared directory, and with which NFS. */
const storageKinds = ["host", "machine", "server"] as const;
const nfsVersions = ["4.2", "3"] as const;

/** Settings of the shared directory and of who serves it. */
export const storageShape = {
  storage: setting(
    oneOf(storageKinds).default("host"),
    "Who serves the shared directory over NFS: host is the machine that this runs on, machine one more machine of the stack (for hosts that cannot export: macOS, Windows), server an NFS server that is there",
  ),
  dataDirectory: setting(
    directory.default("/rancher_data"),
    "Where the active node has the shared data mounted",
  ),
  nfsAddress: setting(
    address.optional(),
    "Where nodes mount the shared directory from; needed for `storage` machine (a free address) and server",
    "this machine's address",
  ),
  sharedDirectory: setting(
    directory.optional(),
    "The exported directory, on the machine that serves it; needed for server",
    "one of this stack alone",
  ),
  sharedSize: setting(
    whole(1, 16_384, " GiB").default(5),
    "GiB of the image that the shared directory is in, with `storage` machine, and with host where `sharedDirectory` is left out: a file system of its own, which a larger number lets grow while it is used. It never shrinks",
  ),
  nfsVersion: setting(
    oneOf(nfsVersions).default("4.2"),
    "Version of NFS; 3 has no leases, so that a weaker rule applies: docs/one-writer.md",
  ),
  keepData: setting(
    truth.optional(),
    "Whether the shared data outlives the stack",
    "false in the lab, true elsewhere",
  ),
};

/** The name of the machine that serves the shared directory, where one does. */
export const storageMachine = "storage";

/** What the rules of the storage look at, checked one by one already. */
type StorageGiven = z.output<z.ZodObject<typeof storageShape>> & {
  vip: string;
  subnet?: string | undefined;
  nodes: { name: string; address: string; host?: unknown }[];
};

/** A rule that holds for one kind of storage alone. */
const where = (
  kind: (typeof storageKinds)[number],
  of: readonly string[],
  check: (given: StorageGiven) => Mistake | undefined,
): Rule<StorageGiven> => ({
  of: ["storage", ...of],
  check: (given) => (given.storage === kind ? [check(given) ?? []].flat() : []),
});

function addressOfMachine({ nfsAddress, vip, subnet }: StorageGiven): Mistake | undefined {
  const network = networkOf(subnet ?? vip);
  if (nfsAddress === undefined)
    return mistake(
      "nfsAddress",
      "is missing",
      `with \`storage\` machine it is that machine's address; give a free one in the nodes' network (${cidrOf(network)})`,
    );
  return !isInside(nfsAddress, network) || endsOf(network).includes(nfsAddress)
    ? mistake(
        "nfsAddress",
        `(${nfsAddress}) must be an address for hosts in the nodes' network (${cidrOf(network)})`,
        "it is the storage machine's",
      )
    : undefined;
}

const machineRules: Rule<StorageGiven>[] = [
  where("machine", ["nfsAddress", "vip", "subnet"], addressOfMachine),
  where("machine", ["keepData"], ({ keepData }) =>
    keepData
      ? mistake(
          "keepData",
          "cannot be true with `storage` machine",
          "the data is on that machine's disk and goes with it; use host or server, or remove `keepData`",
        )
      : undefined,
  ),
  where("machine", ["nodes[].host?"], ({ nodes }) =>
    nodes.every(({ host }) => host)
      ? mistake(
          "storage",
          "must not be machine where every node is a host",
          "no machines are made then; use server, or host",
        )
      : undefined,
  ),
  {
    of: ["storage", "nodes[].name"],
    each: true,
    check: ({ storage, nodes }) =>
      nodes.flatMap(({ name }, i) =>
        storage === "machine" && name === storageMachine
          ? [
              mistake(
                `nodes[${i}].name`,
                `must not be ${storageMachine}`,
                "the machine that serves the shared directory has that name",
              ),
            ]
          : [],
      ),
  },
];

const serverRules: Rule<StorageGiven>[] = [
  where("server", ["nfsAddress"], ({ nfsAddress }) =>
    nfsAddress === undefined
      ? mistake("nfsAddress", "is missing", "with `storage` server it is the address of your NFS server")
      : undefined,
  ),
  where("server", ["sharedDirectory"], ({ sharedDirectory }) =>
    sharedDirectory === undefined
      ? mistake(
          "sharedDirectory",
          "is missing",
          "with `storage` server it is the path that your server exports",
        )
      : undefined,
  ),
  where("server", ["keepData"], ({ keepData }) =>
    keepData === false
      ? mistake(
          "keepData",
          "cannot be false with `storage` server",
          "what is on your server is never deleted; remove `keepData`",
        )
      : undefined,
  ),
];

/** What the shared storage must keep to. */
export const storageRules: Rule<StorageGiven>[] = [
  {
    of: ["nfsAddress", "nodes[].address"],
    each: true,
    check: ({ nfsAddress, nodes }) =>
      nodes.some((each) => each.address === nfsAddress)
        ? [
            mistake(
              "nfsAddress",
              "must not be a node's address",
              "no node serves the shared directory, since it would be gone with that node",
            ),
          ]
        : [],
  },
  {
    of: ["nfsAddress", "vip"],
    check: ({ nfsAddress, vip }) =>
      nfsAddress !== undefined && nfsAddress === addressOf(vip)
        ? [mistake("nfsAddress", "must not be the `vip`", "that moves between nodes")]
        : [],
  },
  ...machineRules,
  ...serverRules,
];
