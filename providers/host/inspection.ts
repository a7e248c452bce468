import { z } from "zod";
import { answerOf } from "../remote/answer";

/** The output of `look` on a host; node/host/look explains each field. */
const inspection = z.object({
  time: z.number(),
  sudo: z.enum(["yes", "refused", "missing"]),
  init: z.string(),
  system: z.string(),
  architecture: z.string(),
  installers: z.array(z.string()),
  missing: z.array(z.string()),
  engines: z.array(z.string()),
  /** Of /usr/bin/python3; null if there is none. */
  python: z.string().nullable(),
  memory: z.number(),
  nfs: z.boolean(),
  addresses: z.array(z.object({ interface: z.string(), address: z.string() })),
  /** Whether the user who looked may use Docker. */
  docker: z.boolean(),
  keepalived: z.enum(["ours", "foreign"]).nullable(),
  owner: z.string().nullable(),
});

export type Inspection = z.infer<typeof inspection>;

/** Reads what `look` printed. */
export const parseInspection = (stdout: string): Inspection => answerOf(inspection, "host/look", stdout);

const claim = z.object({ owner: z.string() });

/** The owner of a host that `claim` refused. */
export const parseClaim = (stdout: string): string => answerOf(claim, "host/claim", stdout).owner;

/** The requirements for a host. */
export interface Expected {
  user: string;
  /** The node's address, without prefix. */
  address: string;
  /** Addresses that only the stack may have, without prefix. */
  vips: string[];
  /** The node's name among all stacks: `project/stack/name`. */
  owner: string;
  /** MiB of memory that it must have. */
  memory?: number;
  /** False: no container is to run there. Default true. */
  service?: boolean;
}

/** Seconds by which a host's clock may be off: beyond that certificates fail and logs do not match. */
const clockLimit = 10;

const architectures: Record<string, string> = { x86_64: "amd64", aarch64: "arm64" };

/** The architecture by its name for images; undefined if there are no images for it. */
export const architectureOf = ({ architecture }: Inspection): string | undefined =>
  architectures[architecture];

/** The interface that carries an address; undefined if none does. */
export const interfaceOf = ({ addresses }: Inspection, wanted: string): string | undefined =>
  addresses.find(({ address }) => address.replace(/\/.*/, "") === wanted)?.interface;

/** What the agent needs of Python 3. */
const leastPython = 9;

/** Whether it is a Python that the agent cannot run with. */
function isOldPython(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major !== 3 || minor < leastPython;
}

/** How `user` becomes root without a password: the line for sudoers, and its file. */
const sudoersLine = (user: string): string => `${user} ALL=(ALL) NOPASSWD: ALL`;

function sudoMistakes({ sudo }: Inspection, { user }: Expected): string[] {
  if (sudo === "yes" || user === "root") return [];
  if (sudo === "missing")
    return [
      "it has no sudo, by which `user` would become root: install it (the package is called sudo), or log in as root",
    ];
  return [
    `\`user\` ${user} cannot become root without a password: put the line \`${sudoersLine(user)}\` into /etc/sudoers.d/${user} (\`visudo -f /etc/sudoers.d/${user}\`)`,
  ];
}

function addressMistakes(found: Inspection, { address, vips, owner }: Expected): string[] {
  const shown = found.addresses.map((each) => `${each.interface} ${each.address}`).join(", ") || "none";
  const held = vips.filter((vip) => interfaceOf(found, vip) !== undefined);
  return [
    ...(interfaceOf(found, address) === undefined
      ? [`none of its interfaces has the node's \`address\` ${address}: it has ${shown}`]
      : []),
    ...(found.owner === owner || !held.length
      ? []
      : [
          `it has ${held.join(" and ")} itself, which is to be the floating IP: take it off there, or choose another`,
        ]),
  ];
}

/** What a container and its shared data need. */
const ofService: readonly string[] = ["docker", "mount.nfs4", "curl"];

function softwareMistakes(found: Inspection, { service = true }: Expected): string[] {
  const { init, system, installers, engines, python, nfs, keepalived } = found;
  const missing = found.missing.filter((name) => service || !ofService.includes(name));
  const mistakes: string[] = [];
  if (init !== "systemd")
    mistakes.push(
      `its first process is ${init || "not known"}: it must run systemd, which starts and watches the agent`,
    );
  if (missing.includes("ip") || missing.includes("timeout"))
    mistakes.push("it lacks `ip` or `timeout`: install iproute2 (iproute) and coreutils");
  const needed = missing.filter((name) => name !== "ip" && name !== "timeout");
  if (installers.length === 0 && needed.length > 0)
    mistakes.push(
      `it lacks ${needed.join(", ")}, and has neither apt-get nor dnf${system && ` (${system})`}: install them yourself`,
    );
  // RHEL and its derivatives have no Docker packages: node/host/prepare.
  else if (!installers.includes("apt-get") && missing.includes("docker") && engines.length === 0)
    mistakes.push(
      "it lacks docker, of which its system has no package: install Docker first, or add a source of packages that has docker-ce or moby-engine",
    );
  if (python !== null && isOldPython(python))
    mistakes.push(`its /usr/bin/python3 is ${python}, and the agent needs 3.${leastPython} or later`);
  if (python === null && !installers.includes("apt-get"))
    mistakes.push(`it lacks /usr/bin/python3: install Python 3.${leastPython} or later`);
  if (service && !nfs)
    mistakes.push(
      "its kernel has no NFS: containers and some small virtual servers cannot mount the shared directory",
    );
  if (keepalived === "foreign")
    mistakes.push(
      "a keepalived is in service there that is not this project's: its addresses would be lost. Use another host, or move them and run `systemctl disable --now keepalived`",
    );
  return mistakes;
}

/**
 * All reasons why a host cannot be a node.
 *
 * @param clock the earliest and the latest time on this machine when the host read its clock, in seconds since 1970
 */
export function hostMistakes(
  found: Inspection,
  expected: Expected,
  clock: { earliest: number; latest: number },
): string[] {
  const late = Math.max(found.time - clock.latest, clock.earliest - found.time);
  return [
    ...(found.owner && found.owner !== expected.owner ? [takenBy(found.owner)] : []),
    ...sudoMistakes(found, expected),
    ...softwareMistakes(found, expected),
    ...(expected.memory !== undefined && found.memory < expected.memory
      ? [
          `it has ${found.memory} MiB of memory, and the service needs ${expected.memory} (\`memoryFloor\`): with less, it is killed. Give it more, or choose another host`,
        ]
      : []),
    ...(architectureOf(found)
      ? []
      : [
          `it is ${found.architecture || "of an unknown architecture"}: images are for x86_64 and aarch64 only`,
        ]),
    ...addressMistakes(found, expected),
    ...(late > clockLimit
      ? [`its clock is ${Math.round(late)} s off this machine's: set it (\`timedatectl set-ntp true\`)`]
      : []),
  ];
}

/** A host serves one node of one stack. */
export function takenBy(owner: string): string {
  const [, stack = owner, node = ""] = owner.split("/");
  return `it is the node ${node} of the stack \`${stack}\` already: choose another host, or take that node out of its stack first (if that stack is gone for good, remove /var/lib/ha-rancher/host there)`;
}
