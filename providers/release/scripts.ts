import type { SshEndpoint } from "../remote/endpoint";
import { runNodeScript } from "../remote/script";
import type { NodeLook } from "./upgrade-world";

/** What runs on nodes for a release: files of node/release/, which say what they take and print. */
export type ReleaseScript = keyof typeof limits;

/** Milliseconds: a guard stops in order within `guard.stopGrace` (600 s at most), and systemd is slow on a busy node. */
const limits = {
  look: 90_000,
  point: 900_000,
  halt: 900_000,
  "last-words": 90_000,
  "take-back": 1_800_000,
} as const;

/** Runs a script of node/release/ on a node as root; gives what it printed. */
export const runReleaseScript = (
  ssh: SshEndpoint,
  name: ReleaseScript,
  args: string[] = [],
): Promise<string> => runNodeScript(ssh, { path: `release/${name}`, limit: limits[name] }, args);

/** Reads what `look` printed. */
export function parseLook(stdout: string): NodeLook {
  const found = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) found.set(key, value ?? "");
  }
  const value = (key: string): string => {
    const text = found.get(key);
    if (text === undefined)
      throw new Error(`\`look\` printed no ${key}: ${stdout.slice(0, 200) || "nothing"}`);
    return text;
  };
  return {
    container: value("container"),
    kept: value("kept") || undefined,
    enabled: value("enabled") === "yes",
    state: value("state"),
    reason: value("reason"),
    gaveUp: value("gave_up"),
    ready: value("ready") === "yes",
    running: value("running").split(",").filter(Boolean),
  };
}

export const look = async (ssh: SshEndpoint): Promise<NodeLook> =>
  parseLook(await runReleaseScript(ssh, "look"));
