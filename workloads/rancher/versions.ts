import { familiarName, parseImage, registryOf, versionOf } from "../../domain/image";
import { shownWay, type Upgrades, type VersionLine } from "../../domain/upgrades";
import { compareVersions } from "../../domain/version";

/** A line of Rancher's versions. */
interface RancherLine extends VersionLine {
  /** The first patch that paying customers alone get: it is not on Docker Hub. */
  paid?: string;
}

/**
 * Rancher's lines: what each bundles (rancher/rancher, package/Dockerfile and chart/Chart.yaml of the tags), and the newest
 * patch on Docker Hub. Once a newer line is out, patches of a line are for customers of Rancher Prime alone, though their tags
 * stand in the repository ("manifest unknown": rancher#48887, #49334, rancher-docs#2321). Of 2.11 that is not known here.
 */
const lines: readonly RancherLine[] = [
  { line: "2.11", bundles: "K3s 1.32, etcd 3.5" },
  { line: "2.12", newest: "v2.12.3", paid: "v2.12.4", bundles: "K3s 1.33.1, etcd 3.5.21" },
  { line: "2.13", newest: "v2.13.3", paid: "v2.13.5", bundles: "K3s 1.34.1, etcd 3.6" },
  { line: "2.14", newest: "v2.14.3", bundles: "K3s 1.35, etcd 3.6.7" },
  { line: "2.15", newest: "v2.15.0", bundles: "K3s 1.36.1, etcd 3.6.12" },
];

/** The Rancher that runs unless another one is named: what its README calls stable. Pinned, since an upgrade is one-way. */
export const defaultImage = "rancher/rancher:v2.14.3";

/** Whether an image is Rancher's own, in whatever registry. */
const isRancher = (image: string): boolean => /(^|\/)rancher\/rancher$/.test(parseImage(image).repository);

/**
 * MiB of memory that a host must have. Rancher's smallest size is 4 GiB (its installation requirements), of which
 * the kernel keeps some for itself.
 */
export const memoryFloorOf = (memoryFloor: number | undefined, image: string): number | undefined =>
  memoryFloor ?? (isRancher(image) ? 3_584 : undefined);

/** What is known of upgrades of a Rancher image. */
export function rancherUpgrades(image: string, memoryFloor?: number): Upgrades {
  const memory = memoryFloorOf(memoryFloor, image);
  const database = "k3s/server/db/etcd";
  return {
    lines: lines.map(({ line, newest, bundles }) => ({ line, newest, bundles })),
    traps: [
      {
        into: "2.13",
        look: { members: `${database}/member/snap/db` },
        meaning:
          'etcd 3.6 takes former members for present ones, and waits for them for ever (etcd.io, "zombie members"). Those that `etcdctl member list` shows in the container can be removed there; the others are forgotten by etcd 3.5.26 alone, which no Rancher 2.12 on Docker Hub has: pass by 2.12.12, from a registry that has it',
      },
      {
        into: "2.14",
        look: { link: database },
        meaning:
          "K3s 1.35 does not start on a datastore behind a link, which Rancher 2.6 and older left (rancher#54906), and no copy of it is made before the start: stop the service, put the folder that it leads to in its place on the NFS server, and start it",
      },
      ...(memory === undefined
        ? []
        : [
            {
              look: { memory },
              meaning:
                "a newer Rancher needs more while it changes its datastore, and etcd is killed first: raise `memory`, or lower `memoryFloor` if that is enough",
            },
          ]),
    ],
  };
}

/**
 * Why a version cannot be had, where its image comes from Docker Hub; undefined if it can.
 *
 * @param isServed whether a registry or an archive of the user's may have it
 */
export function paidOnly(image: string, isServed: boolean): { rule: string; wayOut: string } | undefined {
  const version = versionOf(image);
  const { repository } = parseImage(image);
  if (isServed || version === undefined) return undefined;
  if (registryOf(image) !== "docker.io" || familiarName(repository) !== "rancher/rancher") return undefined;
  const line = lines.find(
    ({ paid, line: name }) =>
      paid !== undefined && version.startsWith(`v${name}.`) && compareVersions(version, paid) >= 0,
  );
  if (!line) return undefined;
  const way = lines.flatMap(({ newest, line: name }) =>
    newest !== undefined && compareVersions(name, "2.14") <= 0 ? [newest] : [],
  );
  return {
    rule: `names ${version}, which is for paying customers alone: Docker Hub has no ${line.line} after ${line.newest}`,
    wayOut: `the community's way is ${shownWay(way)}; or name a registry of yours that has it, in \`image\` or \`registryMirrors\``,
  };
}
