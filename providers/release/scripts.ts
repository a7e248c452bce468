import { z } from "zod";
import { answerOf } from "../remote/answer";
import type { SshEndpoint } from "../remote/endpoint";
import { bareScript, runNodeScript } from "../remote/script";
import type { NodeLook, TakenBack } from "./upgrade-world";

/** The scripts on nodes for a release: files of node/release/, which document their arguments and output. */
export type ReleaseScript = keyof typeof limits;

/** Milliseconds: an agent takes up to `guard.stopGrace` (600 s at most) to stop, and systemd is slow on a busy node. */
const limits = {
  look: 90_000,
  point: 900_000,
  name: 120_000,
  halt: 900_000,
  "last-words": 90_000,
  "take-back": 1_800_000,
} as const;

/** Runs a script of node/release/ on a node as root and returns its output. */
export const runReleaseScript = (
  ssh: SshEndpoint,
  name: ReleaseScript,
  args: string[] = [],
): Promise<string> => runNodeScript(ssh, { path: `release/${name}`, limit: limits[name] }, args);

const nodeLook = z.object({
  container: z.string().nullable(),
  kept: z.string().nullable(),
  enabled: z.boolean(),
  state: z.string(),
  reason: z.string(),
  gaveUp: z.string(),
  ready: z.boolean(),
  running: z.array(z.string()),
});

/** Reads what `look` printed. */
export function parseLook(stdout: string): NodeLook {
  const { container, kept, ...found } = answerOf(nodeLook, "release/look", stdout);
  return { ...found, container: container ?? "", kept: kept ?? undefined };
}

const takenBack = z.object({ answered: z.string().nullable(), words: z.string() });

/** Reads what `take-back` printed. */
export function parseTakenBack(stdout: string): TakenBack {
  const { answered, words } = answerOf(takenBack, "release/take-back", stdout);
  return { answered: answered ?? undefined, words };
}

export const look = async (ssh: SshEndpoint): Promise<NodeLook> =>
  parseLook(await runReleaseScript(ssh, "look"));

const nodeKept = z.object({ kept: z.string().nullable() });

/** Milliseconds: a node that does not answer must not hold a preview up. */
const keptLimit = 20_000;

/** The container that served before, if an unfinished upgrade keeps the node out of service. Installs nothing. */
async function keptOut(ssh: SshEndpoint): Promise<string | undefined> {
  const stdout = await bareScript(ssh, "release/kept", [], { timeout: keptLimit });
  return answerOf(nodeKept, "release/kept", stdout).kept ?? undefined;
}

/** Whether an upgrade that was interrupted keeps a node out of service. If a node does not answer, the others' answers count. */
export async function isUnfinished(endpoints: Readonly<Record<string, SshEndpoint>>): Promise<boolean> {
  const kept = await Promise.all(Object.values(endpoints).map((ssh) => keptOut(ssh).catch(() => undefined)));
  return kept.some((container) => container !== undefined);
}
