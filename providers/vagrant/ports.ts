import { createSocket } from "node:dgram";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { writeAtomically } from "../../local/files";
import { dataHome } from "../../local/paths";
import { rulesOf } from "./hypervisors";
import type { MachineInputs } from "./inputs";
import { inTurn } from "./turns";
import { type ForwardedPort, sshId } from "./vagrantfile-network";

/** Which machine has which ports of this host, by the machine's folder: all stacks of this user. */
type Register = Record<string, ForwardedPort[]>;

const registerFile = (): string => join(dataHome(), "ports.json");

async function readRegister(): Promise<Register> {
  const file = registerFile();
  try {
    return JSON.parse(await readFile(file, "utf8")) as Register;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    // Not as if there were none: the next write would forget the ports of all machines.
    throw new Error(
      `${file}, which says which machine has which ports, cannot be read (${error instanceof Error ? error.message : error}): mend it, or remove it if no machine is left`,
    );
  }
}

async function writeRegister(register: Register): Promise<void> {
  await writeAtomically(registerFile(), `${JSON.stringify(register, undefined, 2)}\n`);
}

/** A port that a machine wants; `host` undefined: any that is free. */
type Wish = Omit<ForwardedPort, "host"> & { host: number | undefined; setting: string };

/** All ports that a machine wants, in the order of its inputs; its own SSH port comes first. */
export function wishesOf(inputs: MachineInputs): Wish[] {
  const { forwards, forwardsSsh } = rulesOf(inputs.hypervisor);
  if (!forwards) return [];
  const ssh: Wish = {
    id: sshId,
    guest: inputs.sshPort,
    host: undefined,
    protocol: "tcp",
    hostIp: "127.0.0.1",
    setting: "usablePorts",
  };
  const others = inputs.ports.flatMap(({ id, guest, host, count, protocol, hostIp }, i) =>
    Array.from({ length: count }, (_, n): Wish => {
      const name = id ?? `${protocol}${guest}`;
      return {
        id: count === 1 ? name : `${name}-${n + 1}`,
        guest: guest + n,
        host: host === undefined ? undefined : host + n,
        protocol,
        hostIp,
        setting: `ports[${i}].host`,
      };
    }),
  );
  return [...(forwardsSsh ? [ssh] : []), ...others];
}

/** True if nobody listens there at the moment. */
async function isFree(port: number, address: string, protocol: ForwardedPort["protocol"]): Promise<boolean> {
  return await new Promise((resolve) => {
    if (protocol === "udp") {
      const socket = createSocket("udp4")
        .once("error", () => resolve(false))
        .bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
      return;
    }
    const server = createServer()
      .once("error", () => resolve(false))
      .listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** What {@link allocate} must know of the ports that others have. */
export interface Taken {
  /** Whose a port is; undefined: nobody's. */
  holder: (port: number) => string | undefined;
  isFree: (port: number, address: string, protocol: ForwardedPort["protocol"]) => Promise<boolean>;
}

/**
 * Chooses the ports of this host.
 *
 * @param had what the machine has already: it keeps those
 * @throws Error that names the setting, if a port that is asked for is another's, or none is left
 */
export async function allocate(
  wishes: readonly Wish[],
  usable: MachineInputs["usablePorts"],
  had: readonly ForwardedPort[],
  { holder, isFree: free }: Taken,
): Promise<ForwardedPort[]> {
  const given = new Set(wishes.flatMap(({ host }) => host ?? []));
  const chosen: ForwardedPort[] = [];
  for (const { setting, ...wish } of wishes) {
    const before = had.find(({ id }) => id === wish.id);
    if (wish.host !== undefined) {
      const other = holder(wish.host);
      if (other)
        throw new Error(
          `\`${setting}\` ${wish.host} is forwarded to the machine in ${other}: choose another port`,
        );
      const own = had.some(({ host }) => host === wish.host);
      if (!own && !(await free(wish.host, wish.hostIp, wish.protocol)))
        throw new Error(
          `\`${setting}\` ${wish.host} is in use on this host (\`ss -ltnp\` tells by whom): choose another port`,
        );
      chosen.push({ ...wish, host: wish.host });
      continue;
    }
    if (before && !given.has(before.host) && !holder(before.host)) {
      chosen.push({ ...wish, host: before.host });
      given.add(before.host);
      continue;
    }
    let host: number | undefined;
    for (let port = usable.from; host === undefined && port <= usable.to; port++)
      if (!given.has(port) && !holder(port) && (await free(port, wish.hostIp, wish.protocol))) host = port;
    if (host === undefined)
      throw new Error(
        `\`usablePorts\` ${usable.from} to ${usable.to} are all taken: widen the range (${registerFile()} tells by whom)`,
      );
    given.add(host);
    chosen.push({ ...wish, host });
  }
  return chosen;
}

const turn = "ports";

/** Chooses a machine's ports and notes them, so that no other machine of any stack gets them. */
export async function claimPorts(
  inputs: MachineInputs,
  had: readonly ForwardedPort[],
): Promise<ForwardedPort[]> {
  const wishes = wishesOf(inputs);
  if (wishes.length === 0 && had.length === 0) return [];
  // The folder stands for the machine: while it is there, the ports are the machine's.
  await mkdir(inputs.directory, { recursive: true, mode: 0o700 });
  return await inTurn(turn, async () => {
    // A folder that is gone holds nothing any more.
    const others = Object.entries(await readRegister()).filter(
      ([directory]) => directory !== inputs.directory && existsSync(directory),
    );
    const holder = (port: number): string | undefined =>
      others.find(([, ports]) => ports.some(({ host }) => host === port))?.[0];
    const chosen = await allocate(wishes, inputs.usablePorts, had, { holder, isFree });
    const own = chosen.length > 0 ? [[inputs.directory, chosen] as const] : [];
    await writeRegister(Object.fromEntries([...others, ...own]));
    return chosen;
  });
}

/** Gives a machine's ports back. */
export async function releasePorts(directory: string): Promise<void> {
  if (!(directory in (await readRegister()))) return;
  await inTurn(turn, async () => {
    const { [directory]: _, ...others } = await readRegister();
    await writeRegister(others);
  });
}
