import { join } from "node:path";
import { type Mistake, mistake } from "../../domain/mistake";
import type { LabDescription } from "../../lab/description";
import type { ExportArgs } from "../../providers/nfs";
import { ofKernel } from "../../providers/nfs/images";
import type { Settings } from "../../settings";

/** Who serves the shared directory, and from where nodes mount it. */
export type StoragePlace = { address: string } & (
  | { kind: "host"; directory: string; server: ExportArgs["server"]; keepData: boolean }
  /** A machine of the stack, on which it is `directory`. */
  | { kind: "machine"; directory: string; gibibytes: number }
  /** A server of the user's, which exports the path. */
  | { kind: "server"; path: string }
);

/** What the lab serves, unless the settings say otherwise. A lab is thrown away, and what is in it. */
const ofLab = (lab: LabDescription, stack: string) => ({
  address: lab.nfs.address,
  directory: join(lab.nfs.dataDirectory, stack),
  keepData: false,
  server: {
    kind: "ganesha" as const,
    exportsDirectory: lab.nfs.exportsDirectory,
    exportsIndex: lab.nfs.exportsIndex,
    pidFile: lab.nfs.pidFile,
  },
});

/**
 * @param lab the lab that the program runs in, if it does
 * @param ownAddress this machine's address in the nodes' network, if it has one
 * @param mistakes takes what does not fit the place
 */
export function chooseStorage(
  settings: Settings,
  lab: LabDescription | undefined,
  stack: string,
  ownAddress: () => string | undefined,
  mistakes: Mistake[],
): StoragePlace {
  const { storage, nfsAddress, sharedDirectory, keepData, nfsVersion, sharedSize, subnet } = settings;
  const given = nfsAddress ?? "";
  if (storage === "machine")
    return {
      kind: "machine",
      address: given,
      directory: sharedDirectory ?? "/srv/ha-rancher",
      gibibytes: sharedSize,
    };
  if (storage === "server") return { kind: "server", address: given, path: sharedDirectory ?? "" };
  if (lab) {
    if (nfsVersion === "3")
      mistakes.push(
        mistake(
          "nfsVersion",
          "cannot be 3 with `storage` host in the lab",
          "its NFS server speaks version 4 alone; use `storage: machine` with a free address as `nfsAddress`",
        ),
      );
    const own = ofLab(lab, stack);
    return {
      kind: "host",
      ...own,
      address: nfsAddress ?? own.address,
      directory: sharedDirectory ?? own.directory,
      keepData: keepData ?? own.keepData,
    };
  }
  if (process.platform !== "linux")
    mistakes.push(
      mistake(
        "storage",
        "is host, and only Linux can export the shared directory as it is needed",
        "use `storage: machine` with a free address of the nodes' network as `nfsAddress`, or `storage: server`",
      ),
    );
  const address = nfsAddress ?? ownAddress();
  if (address === undefined)
    mistakes.push(
      mistake(
        "nfsAddress",
        "is missing",
        `this machine, which serves the shared directory, has no address in the nodes' network (${subnet.address}/${subnet.prefix}); give the one that the nodes reach it by`,
      ),
    );
  return {
    kind: "host",
    address: address ?? "",
    ...ofKernel(settings, stack),
    keepData: keepData ?? true,
  };
}
