import { z } from "zod";
import { type Found, sprung, type Trap, trapsBetween, type Upgrades } from "../../domain/upgrades";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { answerOf } from "../remote/answer";
import type { SshEndpoint } from "../remote/endpoint";
import { bareScript } from "../remote/script";

/** Milliseconds: the data is on a network. */
const limit = 90_000;

const found = z.object({
  memory: z.number(),
  mounted: z.boolean(),
  links: z.record(z.string(), z.boolean()).nullable(),
  members: z.record(z.string(), z.number().nullable()).nullable(),
});

type Looked = Found & { mounted: boolean };

/** Reads what `agent/upgrade_looks.py` printed. */
function parseLooked(stdout: string): Looked {
  const { members, links, ...rest } = answerOf(found, "agent/upgrade_looks.py", stdout);
  const known = Object.entries(members ?? {}).map(([path, count]) => [path, count ?? undefined] as const);
  return { ...rest, links: links ?? undefined, members: members ? Object.fromEntries(known) : undefined };
}

const looksAt = (traps: readonly Trap[]) => ({
  links: traps.flatMap(({ look }) => ("link" in look ? [look.link] : [])),
  members: traps.flatMap(({ look }) => ("members" in look ? [look.members] : [])),
});

/**
 * What on the nodes would break the way from one version to another, a sentence each. Changes nothing there.
 *
 * @param isUnderWay whether the nodes are past this: in the middle of an upgrade the data may be mounted nowhere
 * @throws if it cannot be seen
 */
export async function trapsOnNodes(
  endpoints: Readonly<Record<string, SshEndpoint>>,
  { from, to }: { from: string; to: string },
  upgrades: Pick<Upgrades, "traps">,
  isUnderWay: () => Promise<boolean>,
): Promise<string[]> {
  const traps = trapsBetween(from, to, upgrades);
  if (traps.length === 0) return [];
  const looks = looksAt(traps);
  const nodes = await Promise.all(
    Object.entries(endpoints).map(async ([name, ssh]): Promise<[string, Looked]> => {
      try {
        const args = [JSON.stringify(looks)];
        return [name, parseLooked(await bareScript(ssh, "agent/upgrade_looks.py", args, { timeout: limit }))];
      } catch (error) {
        throw new Error(`${name}: ${messageOf(error)}`);
      }
    }),
  );
  const needsData = looks.links.length + looks.members.length > 0;
  if (needsData && !nodes.some(([, { mounted }]) => mounted)) {
    if (await isUnderWay()) return [];
    throw new Error(
      `no node has the shared data mounted now, so that what is in it cannot be looked at: \`${callOf("start")}\`, or \`${callOf("status")}\` says why the service runs nowhere`,
    );
  }
  return sprung(traps, Object.fromEntries(nodes));
}
