import { dirname } from "node:path";
import { labOf } from "../../lab/namespace";
import { callOf } from "../../local/called";
import { type Check, type Finding, remark, well } from "./check";
import type { LabSeen, ThisMachine } from "./machine";

const folder = "/run/netns";

/** The command that removes a lab, for the lab's owner. */
const removal = (namespace: string, { home }: NonNullable<LabSeen["owner"]>): string =>
  // HOME is CACHE/ha-rancher/labs/NAME.
  `XDG_CACHE_HOME=${dirname(dirname(dirname(home)))} HA_RANCHER_LAB_NAME=${labOf(namespace)} ${callOf("down", "--lab")}`;

/** The finding for a namespace in which nothing runs, and whose lab is gone or unknown. `--fix` removes it. */
function removable(machine: ThisMachine, name: string, meaning: string): Finding[] {
  return remark(meaning, `ip netns del ${name}`, async () => {
    if (machine.lab(name)?.isAlive) throw new Error(`something runs in ${name} by now`);
    const { code, stderr } = await machine.run("ip", "netns", "del", name);
    if (code !== 0) throw new Error(stderr.trim());
    return `the network namespace ${name} removed`;
  });
}

/** The findings about one namespace. They never suggest to end processes that may belong to somebody else. */
async function findings(machine: ThisMachine, name: string, seen: LabSeen): Promise<Finding[]> {
  const { owner, isAlive } = seen;
  if (owner && !seen.isOwn) {
    const whose = `The network namespace ${name} is of ${owner.user}'s lab in ${owner.home}`;
    return isAlive
      ? well(`${whose}, which runs`)
      : remark(`${whose}, of which nothing runs that can be seen`, `${owner.user}: ${removal(name, owner)}`);
  }
  if (!owner) {
    const meaning = `Nobody says whose lab the network namespace ${name} is of`;
    if (isAlive) return remark(`${meaning}, and something runs in it: leave it alone`);
    return machine.isRoot
      ? removable(machine, name, `${meaning}, and nothing runs in it`)
      : remark(`${meaning}; what runs in it is seen by root alone`, `sudo ${callOf("doctor")}`);
  }
  const meaning = `The network namespace ${name} is of a lab of this user whose folder ${owner.home} is gone`;
  if (!isAlive) return removable(machine, name, meaning);
  const { stdout } = await machine.run("ip", "netns", "pids", name);
  const pids = stdout.split(/\s+/).filter(Boolean);
  return remark(
    `${meaning}, and ${pids.length} processes run in it`,
    `kill ${pids.join(" ")}; ip netns del ${name}`,
  );
}

export const namespaces: Check = {
  name: "namespaces",
  async look({ machine }) {
    const names = machine.names(folder).filter((name) => name.startsWith("ha-rancher-"));
    if (names.length === 0) return well("No network namespace of a lab");
    const seen = names.flatMap((name) => {
      const lab = machine.lab(name);
      return lab ? [{ name, lab }] : [];
    });
    const known = seen.filter(({ lab }) => lab.isKnown).map(({ name }) => name);
    const others = seen.filter(({ lab }) => !lab.isKnown);
    const found = await Promise.all(others.map(({ name, lab }) => findings(machine, name, lab)));
    return [
      ...(known.length > 0 ? well(`Network namespaces of this user's labs: ${known.join(", ")}`) : []),
      ...found.flat(),
    ];
  },
};
