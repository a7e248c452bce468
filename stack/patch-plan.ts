import { z } from "zod";
import { shownAnswerOf } from "../providers/remote/answer";
import type { NodeReport } from "./node-report";

/** Which packages are upgraded; default: all. */
export const packageWords = ["keepalived", "docker", "kernel"] as const;
export type PackageWord = (typeof packageWords)[number];

/** Whose system is started anew where an upgrade needs it. A host may have work that this program knows nothing of. */
export const rebootWords = ["never", "machines", "all"] as const;
export type RebootWord = (typeof rebootWords)[number];

/** What node/host/patch says of a node's system. */
export interface Patched {
  /** The running kernel's version. */
  version: string;
  /** The newest one's that is installed. */
  kernel: string;
  /** Whether only a boot brings what was installed. */
  reboot: boolean;
}

const patched = z.object({ version: z.string(), kernel: z.string(), reboot: z.boolean() });

/** Reads what node/host/patch printed. */
export const parsePatched = (stdout: string): Patched => shownAnswerOf(patched, "host/patch", stdout);

/** The order in which nodes are upgraded: those that do not serve first. */
export function patchOrder(reports: readonly NodeReport[]): string[] {
  const serves = ({ status }: NodeReport): boolean =>
    status?.holdsVip === true || status?.lease?.heldHere === true;
  return [...reports.filter((each) => !serves(each)), ...reports.filter(serves)].map(({ name }) => name);
}

/** Whether a node is started anew now. */
export const isRebooted = ({ reboot }: Patched, isMachine: boolean, word: RebootWord): boolean =>
  reboot && (word === "all" || (word === "machines" && isMachine));
