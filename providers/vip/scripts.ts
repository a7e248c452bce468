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

/** Brings a keepalived.conf into force on a node, and keepalived into service. */
export const swap = async (ssh: SshEndpoint, content: string, timeout?: number): Promise<void> => {
  await runScript(ssh, "swap", [createHash("sha256").update(content).digest("hex")], content, timeout);
};

/** What `look` found on a node. */
export interface Found {
  /** Of keepalived; undefined if it is not installed. */
  version: string | undefined;
  /** The file as it is; undefined if it is gone. */
  content: string | undefined;
  /** What is not as it should be, beside the file: words for people; empty if nothing. */
  faults: string[];
}

const looked = z.object({
  version: z.string().nullable(),
  service: z.string(),
  start: z.string(),
  firewall: z.boolean(),
  conf: z.string().nullable(),
});

/** Reads what `look` printed. */
export function parseLook(stdout: string): Found {
  const { version, service, start, firewall, conf } = answerOf(looked, "keepalived/look", stdout);
  const faults = [
    ...(service === "active" ? [] : [`keepalived is ${service || "gone"}`]),
    ...(start === "enabled" ? [] : [`keepalived is ${start} at boot`]),
    ...(firewall ? [] : ["the firewall's rules are gone"]),
  ];
  return { version: version ?? undefined, content: conf ?? undefined, faults };
}
