import { createHash } from "node:crypto";
import { z } from "zod";
import { answerOf } from "../remote/answer";
import type { SshEndpoint } from "../remote/endpoint";
import { runNodeScript } from "../remote/script";

/** The scripts on nodes for the floating IP: files of node/keepalived/, which document their arguments and output. */
export type Script = "install" | "swap" | "look" | "remove" | "yield" | "maintenance";

/** Milliseconds for a script: on an overloaded node systemd takes minutes, and an installation longer. */
const limits: Record<Script, number> = {
  ...{ install: 900_000, swap: 300_000, look: 60_000, remove: 300_000 },
  // The service ends in order before the VIP leaves.
  ...{ yield: 180_000, maintenance: 180_000 },
};

/**
 * Runs a script on a node and returns its output.
 *
 * @throws if the node cannot be reached, or with the end of the script's error text if it failed
 */
export async function runScript(
  ssh: SshEndpoint,
  name: Script,
  args: string[] = [],
  stdin = "",
  timeout = limits[name],
): Promise<string> {
  return await runNodeScript(ssh, { path: `keepalived/${name}`, limit: timeout }, args, stdin);
}

/** The texts of a node's files for the floating IP. */
export interface VipFiles {
  /** keepalived.conf */
  content: string;
  /** vip.env */
  facts: string;
}

/** Puts a node's files into force, and keepalived into service. */
export async function swap(ssh: SshEndpoint, { content, facts }: VipFiles, timeout?: number): Promise<void> {
  const sum = createHash("sha256").update(content).digest("hex");
  await runScript(ssh, "swap", [sum, facts], content, timeout);
}

/** The output of `look` on a node. */
export interface Found {
  /** The version of keepalived; undefined if it is not installed. */
  version: string | undefined;
  /** Programs that are missing beside keepalived itself. */
  missing: string[];
  /** keepalived.conf as it is; undefined if it is gone. */
  content: string | undefined;
  /** vip.env as it is; undefined if it is gone. */
  facts: string | undefined;
  /** Other faults, in words for people; empty if there are none. */
  faults: string[];
}

const looked = z.object({
  version: z.string().nullable(),
  nft: z.boolean().default(true),
  service: z.string(),
  start: z.string(),
  firewall: z.boolean(),
  conf: z.string().nullable(),
  facts: z.string().nullable(),
});

/** Reads what `look` printed. */
export function parseLook(stdout: string): Found {
  const { version, nft, service, start, firewall, conf, facts } = answerOf(looked, "keepalived/look", stdout);
  const faults = [
    ...(service === "active" ? [] : [`keepalived is ${service || "gone"}`]),
    ...(start === "enabled" ? [] : [`keepalived is ${start} at boot`]),
    ...(firewall ? [] : ["the firewall's rules are gone"]),
  ];
  const missing = nft ? [] : ["nft"];
  return {
    version: version ?? undefined,
    missing,
    content: conf ?? undefined,
    facts: facts ?? undefined,
    faults,
  };
}
