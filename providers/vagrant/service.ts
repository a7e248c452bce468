import { z } from "zod";
import { linkedProgram } from "../../domain/node-set";
import type { SshEndpoint } from "../remote/endpoint";
import { asRoot, exec, execOk } from "../remote/ssh";
import { say } from "./client";
import type { MachineInputs } from "./inputs";
import type { Measured } from "./machine-handle";
import { restartInTurn, type Service, type Standing } from "./restarts";

/** Milliseconds: a service may take 600 s to stop, and a new login to a busy machine a while. */
const limits = { look: 30_000, handOver: 900_000 };
/** Seconds for which a machine refuses the VIP after it handed over; a restart ends that. */
const away = 900;

const agent = linkedProgram("host/agent");

/** Of what `agent status` prints. */
const status = z.object({
  agent: z.object({ state: z.string() }),
  lease: z.object({ heldHere: z.boolean() }),
  fit: z.boolean(),
});

/** The machines that may serve for each other: those of one stack. */
const groupOf = (owner: string): string => owner.slice(0, Math.max(0, owner.lastIndexOf("/"))) || owner;

/**
 * Restarts a machine when its turn has come, and its service was handed over.
 *
 * @param ssh how to log in before the restart
 * @param restart does it
 */
export async function amongOthers(
  inputs: MachineInputs,
  ssh: SshEndpoint,
  restart: () => Promise<Measured>,
): Promise<Measured> {
  let now = ssh;
  const service = serviceOn(
    () => now,
    (line) => say(inputs, line),
  );
  return await restartInTurn(groupOf(inputs.owner), inputs.name, service, async () => {
    const measured = await restart();
    now = measured.ssh;
    return measured;
  });
}

/**
 * The service on a machine, by the agent that may be there.
 *
 * @param ssh how to log in at the moment
 */
const serviceOn = (ssh: () => SshEndpoint, say: (line: string) => void): Service => ({
  async look(): Promise<Standing | undefined> {
    try {
      const { stdout } = await execOk(ssh(), asRoot(ssh(), `${agent} status`), { timeout: limits.look });
      const found = status.parse(JSON.parse(stdout));
      const { state } = found.agent;
      // One that has just begun has not looked at anything yet.
      return state === "stopped"
        ? undefined
        : { serves: found.lease.heldHere, fit: found.fit && state !== "begin" };
    } catch {
      return undefined;
    }
  },
  async handOver(): Promise<void> {
    const line = asRoot(ssh(), `${agent} hand-over ${away} 'the machine restarts'`);
    const { code, stderr } = await exec(ssh(), line, { timeout: limits.handOver });
    if (code !== 0) throw new Error(stderr.trim() || `code ${code}`);
  },
  say,
});
