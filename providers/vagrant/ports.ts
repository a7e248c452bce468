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

/** The register of this host's ports for all stacks of this user: the ports of each machine, by its folder. */
type Register = Record<string, ForwardedPort[]>;

const registerFile = (): string => join(dataHome(), "ports.json");

async function readRegister(): Promise<Register> {
  const file = registerFile();
  try {
    return JSON.parse(await readFile(file, "utf8")) as Register;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    // An unreadable register must not count as empty: the next write would lose the ports of all machines.
    throw new Error(
      `${file}, which says which machine has which ports, cannot be read (${error instanceof Error ? error.message : error}): mend it, or remove it if no machine is left`,
    );
  }
}

async function writeRegister(register: Register): Promise<void> {
  await writeAtomically(registerFile(), `${JSON.stringify(register, undefined, 2)}\n`);
}

/** A port that a machine needs; `host` is undefined if any free port will do. */
type Wish = Omit<ForwardedPort, "host"> & { host: number | undefined; setting: string };

/** All ports that a machine needs: first its SSH port, then those of its inputs in their order. */
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

/** True if no process listens there at the moment. */
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

/** What {@link allocate} must know about other machines' ports. */
export interface Taken {
  /** The machine that has a port; undefined if none has. */
  holder: (port: number) => string | undefined;
  isFree: (port: number, address: string, protocol: ForwardedPort["protocol"]) => Promise<boolean>;
}

/**
 * Chooses the ports of this host.
 *
 * @param had the machine's present ports, which it keeps
 * @throws Error with the setting if a requested port belongs to another machine, or if no port is left
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

/** Chooses a machine's ports and records them, so that no other machine of any stack gets them. */
export async function claimPorts(
  inputs: MachineInputs,
  had: readonly ForwardedPort[],
): Promise<ForwardedPort[]> {
  const wishes = wishesOf(inputs);
  if (wishes.length === 0 && had.length === 0) return [];
  // The ports belong to the machine as long as its folder exists.
  await mkdir(inputs.directory, { recursive: true, mode: 0o700 });
  return await inTurn(turn, async () => {
    // The ports of folders that are gone are free.
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

/** Releases a machine's ports. */
export async function releasePorts(directory: string): Promise<void> {
  if (!(directory in (await readRegister()))) return;
  await inTurn(turn, async () => {
    const { [directory]: _, ...others } = await readRegister();
    await writeRegister(others);
  });
}
