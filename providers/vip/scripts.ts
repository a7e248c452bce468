import { createHash } from "node:crypto";
import { z } from "zod";
import { answerOf } from "../remote/answer";
import type { SshEndpoint } from "../remote/endpoint";
import { runNodeScript } from "../remote/script";

/** What runs on nodes for the floating IP: files of node/keepalived/, which say what they take and print. */
export type Script = "install" | "swap" | "look" | "remove" | "yield" | "maintenance";

/** Milliseconds: systemd takes minutes on an overloaded node, and installing packages longer. */
const limits: Record<Script, number> = {
  ...{ install: 900_000, swap: 300_000, look: 60_000, remove: 300_000 },
  // A service is ended in order before the VIP leaves.
  ...{ yield: 180_000, maintenance: 180_000 },
};

/**
 * Runs a script on a node and gives what it printed.
 *
 * @throws if the node cannot be reached, or with the end of what the script said if it failed
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

/** What a node has for the floating IP, as texts. */
export interface VipFiles {
  /** keepalived.conf */
  content: string;
  /** vip.env */
  facts: string;
}

/** Brings a node's files into force, and keepalived into service. */
export async function swap(ssh: SshEndpoint, { content, facts }: VipFiles, timeout?: number): Promise<void> {
  const sum = createHash("sha256").update(content).digest("hex");
  await runScript(ssh, "swap", [sum, facts], content, timeout);
}

/** What `look` found on a node. */
export interface Found {
  /** Of keepalived; undefined if it is not installed. */
  version: string | undefined;
  /** keepalived.conf as it is; undefined if it is gone. */
  content: string | undefined;
  /** vip.env as it is; undefined if it is gone. */
  facts: string | undefined;
  /** What is not as it should be, beside the file: words for people; empty if nothing. */
  faults: string[];
}

const looked = z.object({
  version: z.string().nullable(),
  service: z.string(),
  start: z.string(),
  firewall: z.boolean(),
  conf: z.string().nullable(),
  facts: z.string().nullable(),
});

/** Reads what `look` printed. */
export function parseLook(stdout: string): Found {
  const { version, service, start, firewall, conf, facts } = answerOf(looked, "keepalived/look", stdout);
  const faults = [
    ...(service === "active" ? [] : [`keepalived is ${service || "gone"}`]),
    ...(start === "enabled" ? [] : [`keepalived is ${start} at boot`]),
    ...(firewall ? [] : ["the firewall's rules are gone"]),
  ];
  return { version: version ?? undefined, content: conf ?? undefined, facts: facts ?? undefined, faults };
}
