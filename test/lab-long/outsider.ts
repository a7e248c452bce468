import assert from "node:assert/strict";
import { join } from "node:path";
import { privateNetwork } from "../../lab/layout";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { labNamespace } from "../lab/command";

/*
 * Somebody on the nodes' network who is no node.
 */

export const attackersAddress = "192.168.56.66";
/** The NFS server and the registry of the lab. */
export const server = privateNetwork.hostAddress;

/** Runs a command on a machine of its own on the nodes' network. */
export async function fromOutside(command: string): Promise<RunResult> {
  const script = `
set -e
bridge=$(ip -o -4 addr show to ${server} | { read -r _ device _; echo "$device"; })
ip netns add attacker && trap 'ip netns del attacker; ip link del attacker0 2>/dev/null || true' EXIT
ip link add attacker0 type veth peer name eth0 netns attacker
ip link set attacker0 master "$bridge" up
ip -n attacker link set lo up
ip -n attacker link set eth0 up
ip -n attacker addr add ${attackersAddress}/24 dev eth0
ip netns exec attacker sh -c "$1"`;
  const args = ["netns", "exec", labNamespace, "bash", "-c", script, "attacker", command];
  const result = await tryRun("ip", args, { timeout: 600_000 });
  console.log(`--- from outside: ${command}\n${result.stdout}${result.stderr}`.trimEnd());
  return result;
}

const program = join(packageRoot, "test", "lab-long", "attacker.py");
/** Calls the program of an attacker there. @returns what it printed */
export const attacker = async (...words: (string | number)[]): Promise<string> => {
  const { code, stdout, stderr } = await fromOutside(`python3 ${[program, ...words].join(" ")}`);
  assert.equal(code, 0, stderr);
  return stdout;
};
