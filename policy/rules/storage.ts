import type { SyncedFolder } from "../../providers/vagrant/inputs";
import { unitValue } from "../read";
import { check, type FileMap, type Judged, known, levels, ofType, type Rule, types } from "../rule";

interface Export {
  name: string;
  clients: string[];
}

/** The known addresses of the stack's nodes; undefined if no resource has them. */
function nodeAddresses(resources: Judged[]): Set<string> | undefined {
  const declared = [types.whole, types.service]
    .flatMap((type) => ofType(resources, type))
    .flatMap(({ props }) => known(() => (props as { nodes?: { address: string }[] }).nodes) ?? []);
  const machines = ofType(resources, types.machine).flatMap(
    ({ props }) => known(() => (props as { networks?: { address?: string }[] }).networks) ?? [],
  );
  const found = [...declared, ...machines].flatMap(({ address }) => address?.replace(/\/.*/, "") ?? []);
  return found.length > 0 ? new Set(found) : undefined;
}

const nfsNodesOnly: Rule = {
  name: "nfs-nodes-only",
  reason: "Whoever may mount the shared data can write it, beside every lease.",
  remedy: "Name the addresses of the stack's nodes in `clients`, and nothing else.",
  severity: "critical",
  beyond: "This program exports to its nodes. An `Export` of your own takes any clients.",
  levels: levels("mandatory"),
  stack: (resources) => {
    const nodes = nodeAddresses(resources);
    return ofType(resources, types.nfsExport).flatMap(({ props }) => {
      const { name, clients } = props as Export;
      return (known(() => [...clients]) ?? []).flatMap((client) => {
        if (!/^\d+\.\d+\.\d+\.\d+$/.test(client) || client === "0.0.0.0" || client === "255.255.255.255")
          return [`The export ${name} is open to ${client}, which is not one address`];
        return !nodes || nodes.has(client)
          ? []
          : [`The export ${name} is open to ${client}, which is no node`];
      });
    });
  },
};

/** The NFS version in mount options; undefined if there is none, since mount(8) then negotiates it. */
const mountVersion = (options: string): string | undefined =>
  /(?:^|,)(?:nfs)?vers=([\d.]+)/.exec(options)?.[1];

function ofMountUnits(files: FileMap | undefined): string[] {
  return Object.entries(files ?? {}).flatMap(([path, { content = "" }]) => {
    if (!path.endsWith(".mount") || !/^nfs/.test(unitValue(content, "Type") ?? "")) return [];
    const version = mountVersion(unitValue(content, "Options") ?? "");
    return version?.startsWith("4") ? [] : [`${path} mounts with NFS version ${version ?? "as it comes"}`];
  });
}

const ofFolders = (folders: SyncedFolder[] | undefined): string[] =>
  (folders ?? []).flatMap(({ type, guest, nfs, mountOptions }) => {
    if (type !== "nfs") return [];
    // Vagrant's default is 3.
    const version = mountVersion((mountOptions ?? []).join(",")) ?? String(nfs?.version ?? 3);
    return version.startsWith("4") ? [] : [`The folder ${guest} is shared with NFS version ${version}`];
  });

const noNfs3: Rule = {
  name: "no-nfs-3",
  reason:
    "NFS version 3 has no lease: its locks outlive a dead node, or are lost with the server, so two nodes can write.",
  remedy: "Mount with `vers=4.2`.",
  severity: "high",
  beyond:
    'The settings take `nfsVersion: "3"`. Mount units and shared folders of your own may have any version.',
  levels: levels("mandatory", { blog: "advisory" }),
  resources: {
    [types.files]: check<{ files: FileMap }>(({ files }) => ofMountUnits(files)),
    [types.machine]: check<{ syncedFolders: SyncedFolder[] }>(({ syncedFolders }) =>
      ofFolders(syncedFolders),
    ),
  },
};

const holdsData: readonly string[] = [types.nfsExport, types.password];

const protectedData: Rule = {
  name: "protected-data",
  reason: "One wrong setting replaces an export, and its data with it.",
  remedy: "Set `protect: true` on it; `environment: prod` does so for this program's own.",
  severity: "high",
  beyond:
    "`environment: prod` protects what this program makes. A resource of your own is protected if you say so.",
  levels: levels("disabled", { prod: "mandatory" }),
  resources: Object.fromEntries(
    holdsData.map((type) => [
      type,
      ({ name, isProtected }: Judged) => (isProtected ? [] : [`${name} holds data and is not protected`]),
    ]),
  ),
};

export const storageRules: Rule[] = [nfsNodesOnly, noNfs3, protectedData];
