import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import ipaddr from "ipaddr.js";

/** What the checks need to know about this host. */
export interface Host {
  platform: NodeJS.Platform;
  /** The architecture by Vagrant's name, such as amd64. */
  architecture: string;
  /** MiB. */
  memory: number;
  /** Networks that VirtualBox lets host-only addresses be in; undefined: all. */
  hostOnlyRanges: string[] | undefined;
}

/** The default of VirtualBox 6.1.28 and later, from its manual, "Host-Only Networking". */
const defaultRanges = ["192.168.56.0/21"];

/**
 * The IPv4 networks that a `networks.conf` allows.
 *
 * @param text its content; undefined if there is none
 */
export function hostOnlyRanges(text: string | undefined): string[] {
  if (text === undefined) return defaultRanges;
  return text
    .split("\n")
    .filter((line) => line.trimStart().startsWith("*"))
    .flatMap((line) => line.replace("*", " ").trim().split(/\s+/))
    .filter((range) => ipaddr.IPv4.isValidCIDR(range));
}

function networksConf(): string | undefined {
  try {
    return readFileSync("/etc/vbox/networks.conf", "utf8");
  } catch {
    return undefined;
  }
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

export const thisHost = (): Host => ({
  platform: process.platform,
  architecture: architectures[process.arch] ?? process.arch,
  memory: Math.floor(totalmem() / 2 ** 20),
  // Windows has no such file and no such limit.
  hostOnlyRanges: process.platform === "win32" ? undefined : hostOnlyRanges(networksConf()),
});
