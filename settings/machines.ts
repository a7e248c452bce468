import { isIPv4 } from "node:net";
import { z } from "zod";
import type { HostSettings } from "./hosts";
import { list, text, truthFromText, whole, wholeFromText } from "./values";

/*
 * The settings of machines: of all alike at the top of a stack's file, and of one in its node's `machine`.
 */

/** Hypervisors that `hypervisor` may name; `auto` takes VirtualBox if it works, else the lab. */
export const hypervisors = ["auto", "lab", "virtualbox", "libvirt"] as const;

const port = whole(1, 65_535);

const forward = z.strictObject({
  guest: port.describe("The machine's port; with `count` the first of them"),
  host: port
    .optional()
    .describe("This machine's port; with `count` the first; default: free ones of `usablePorts`"),
  count: whole(1, 1000).optional().describe("How many ports, one after the other; default 1"),
  protocol: z.enum(["tcp", "udp"], { error: "must be tcp or udp" }).optional().describe("Default tcp"),
  hostIp: text
    .refine((value) => isIPv4(value), { error: "must be an IPv4 address, such as 127.0.0.1" })
    .optional()
    .describe("The address of this machine that listens; default 127.0.0.1: nobody else gets in"),
});

/** What one machine has of its own. */
export const machineSchema = z.strictObject(
  {
    ports: list(forward).describe("Ports of this machine that lead to the node's"),
    usablePorts: z
      .strictObject({ from: port, to: port }, { error: "must be `from` and `to`" })
      .refine(({ from, to }) => from <= to, { error: "must have `from` at most `to`" })
      .optional()
      .describe("Ports of this machine to choose from, for SSH too; default 22000 to 22999"),
  },
  {
    error: (issue) =>
      issue.code === "invalid_type" ? "must be settings by name: `ports`, `usablePorts`" : undefined,
  },
);

/** What one machine has of its own, checked. */
export type MachineSettings = z.output<typeof machineSchema>;

/** Settings of all machines alike. None applies to a node that is a host. */
export const machinesShape = {
  hypervisor: z
    .enum(hypervisors, { error: `must be one of ${hypervisors.join(", ")}` })
    .default("auto")
    .describe(
      "What runs the machines: auto is VirtualBox if it works, else the lab; or lab, virtualbox, libvirt",
    ),
  box: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)?$/, { error: "must be the name of a Vagrant box, such as debian/bookworm64" })
    .optional()
    .describe("A Vagrant box for the hypervisor; default: the lab's, and needed elsewhere"),
  boxVersion: z
    .string()
    .regex(/^[\w.+-]+$/, { error: "must be one exact version of the box, such as 12.20250126.1" })
    .optional()
    .describe("One exact version of the box"),
  boxUrl: z
    .string()
    .regex(/^[^\s\p{Cc}]+$/u, { error: "must be the address or path of a .box file or of a catalog" })
    .optional()
    .describe("Where the box comes from, if not from Vagrant's catalog: a .box file or a catalog"),
  boxChecksum: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, {
      error: "must be sha256: or sha512: and the checksum in lower-case hex digits",
    })
    .optional()
    .describe("Checksum of the .box file at `boxUrl`: sha256: or sha512: and hex digits"),
  cpus: wholeFromText(1, 64).default(2).describe("Virtual processors of each machine"),
  memory: wholeFromText(512, 1_048_576, " MiB")
    .optional()
    .describe("MiB of each machine; default: 1024 in the lab, 4096 elsewhere"),
  bridge: list(
    text.regex(/^[^\p{Cc}]{1,100}$/u, {
      error: "must be the name of an interface of this machine, such as en0",
    }),
    10,
  ).describe(
    "Puts the nodes' addresses on the network that this machine is on: its interfaces, of which the first that exists is bridged; default: a network of this machine alone",
  ),
  dhcpNetwork: truthFromText
    .optional()
    .describe("Gives each machine a further interface, on a private network with DHCP; default false"),
};

/** What the rules of machines and hosts look at, checked one by one already. */
export type MachinesGiven = z.output<z.ZodObject<typeof machinesShape>> & {
  nodes: { host?: HostSettings | undefined; machine?: MachineSettings | undefined }[];
};

const given = (name: keyof typeof machinesShape, value: unknown): boolean => {
  const unset: unknown = machinesShape[name].safeParse(undefined).data;
  return JSON.stringify(value) !== JSON.stringify(unset);
};

/** Mistakes of machines and hosts that lie between settings. */
export function machinesMistakes(settings: MachinesGiven): string[] {
  const { nodes, boxUrl, boxChecksum } = settings;
  const mistakes = nodes.flatMap(({ host, machine }, i) =>
    host && machine
      ? [`\`nodes[${i}]\` has \`host\` and \`machine\`: a node is the one or the other, remove one of them`]
      : [],
  );
  if (nodes.every(({ host }) => host))
    for (const name of Object.keys(machinesShape) as (keyof typeof machinesShape)[])
      if (given(name, settings[name]))
        mistakes.push(`\`${name}\` is for machines, and every node is a host: remove it`);
  if (boxChecksum && !boxUrl)
    mistakes.push("`boxChecksum` is for a box that is named by its file: give `boxUrl` too, or remove it");
  if (boxUrl && !settings.box) mistakes.push("`boxUrl` needs the box's name: give `box` too");
  const taken = new Map<string, string>();
  for (const [i, { machine }] of nodes.entries())
    for (const [j, { host, count = 1, protocol = "tcp", guest }] of (machine?.ports ?? []).entries()) {
      const name = `nodes[${i}].machine.ports[${j}]`;
      for (const [key, first] of [
        ["guest", guest],
        ["host", host],
      ] as const)
        if (first !== undefined && first + count - 1 > 65_535)
          mistakes.push(`\`${name}.${key}\` and \`${name}.count\` go beyond port 65535`);
      if (host === undefined) continue;
      const clash = Array.from({ length: count }, (_, n) => `${host + n}/${protocol}`).find((key) =>
        taken.has(key),
      );
      if (clash)
        mistakes.push(
          `\`${name}.host\`: ${clash} is forwarded by \`${taken.get(clash)}\` already: choose another port`,
        );
      for (let n = 0; n < count; n++) taken.set(`${host + n}/${protocol}`, name);
    }
  return mistakes;
}
