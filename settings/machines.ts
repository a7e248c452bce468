import { isIPv4 } from "node:net";
import { z } from "zod";
import { unusableAddress } from "../domain/address-kinds";
import { isCloudImage } from "../domain/cloud-image";
import { type Mistake, mistake } from "../domain/mistake";
import { isInside } from "../domain/network";
import type { HostSettings } from "./hosts";
import {
  dotsError,
  group,
  list,
  noDots,
  oneOf,
  type Rule,
  secret,
  setting,
  text,
  truth,
  whole,
} from "./values";

/*
 * The settings of machines: of all alike at the top of a stack's file, and of one in its node's `machine`.
 */

/** Hypervisors that `hypervisor` may name; `auto` takes VirtualBox if it works, else the lab. */
export const hypervisors = ["auto", "lab", "virtualbox", "libvirt"] as const;

const port = whole(1, 65_535);

/** Addresses to listen on: this machine's, loopback and all of them, too. */
const canListen = (value: string): boolean =>
  value === "0.0.0.0" || isInside(value, { address: "127.0.0.0", prefix: 8 }) || !unusableAddress(value);

const forward = group({
  guest: setting(port, "The machine's port; with `count` the first of them"),
  host: setting(port.optional(), "This machine's port; with `count` the first", "free ones of `usablePorts`"),
  count: setting(whole(1, 1000).optional(), "How many ports, one after the other", "1"),
  protocol: setting(
    z.enum(["tcp", "udp"], { error: "must be tcp or udp" }).optional(),
    "What they carry",
    "tcp",
  ),
  hostIp: setting(
    text
      .refine((value) => isIPv4(value), {
        error: "must be an IPv4 address, such as 127.0.0.1",
        abort: true,
      })
      .refine(canListen, { error: "must be an address that this machine can have, or 0.0.0.0 for all" })
      .optional(),
    "The address of this machine that listens",
    "127.0.0.1: nobody else gets in",
  ),
});

/** What one machine has of its own. */
export const machineSchema = z.strictObject(
  {
    ports: setting(list(forward), "Ports of this machine that lead to the node's"),
    usablePorts: setting(
      z
        .strictObject({ from: port, to: port }, { error: "must be `from` and `to`" })
        .refine(({ from, to }) => from <= to, { error: "must have `from` at most `to`" })
        .optional(),
      "Ports of this machine to choose from, for SSH too",
      "22000 to 22999",
    ),
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
  hypervisor: setting(
    oneOf(hypervisors).default("auto"),
    "What runs the machines: auto is VirtualBox if it works, else the lab; or lab, virtualbox, libvirt",
  ),
  box: setting(
    z
      .string()
      .regex(/^\w[\w.-]*(\/\w[\w.-]*)?$/, {
        error:
          "must be the name of a Vagrant box, in letters, digits, dots and dashes, with one slash at most",
      })
      .optional(),
    "A Vagrant box for the hypervisor",
    "the lab's, elsewhere one that is made of Debian's cloud image",
  ),
  boxVersion: setting(
    z
      .string()
      .regex(/^\w[\w.+-]*$/, { error: "must be one exact version of the box, such as 12.20250126.1" })
      .optional(),
    "One exact version of the box",
    "the lab's, elsewhere the newest",
  ),
  boxUrl: setting(
    secret(
      z
        .string()
        .regex(/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u, {
          error:
            "must be the address or path of a .box file, of a catalog or of a cloud image, and no option",
        })
        .refine(noDots, { error: dotsError }),
    ).optional(),
    "Where the box comes from: a .box file, a catalog, or a cloud image (.qcow2, .img, .raw) that a box is made of",
    "Vagrant's catalog",
  ),
  boxChecksum: setting(
    z
      .string()
      .regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, {
        error: "must be sha256: or sha512: and the checksum in lower-case hex digits",
      })
      .optional(),
    "Checksum of the file at `boxUrl`: sha256: or sha512: and hex digits",
    "none",
  ),
  cpus: setting(whole(1, 64).default(2), "Virtual processors of each machine"),
  memory: setting(
    whole(512, 1_048_576, " MiB").optional(),
    "MiB of each machine",
    "1024 in the lab, 4096 elsewhere",
  ),
  bridge: setting(
    list(
      text.regex(/^[^\p{Cc}\s-][^\p{Cc}]{0,99}$/u, {
        error: "must be the name of an interface of this machine, such as en0",
      }),
      { of: "interfaces of this machine", most: 10 },
    ),
    "Puts the nodes' addresses on the network that this machine is on: its interfaces, of which the first that exists is bridged",
    "a network of this machine alone",
  ),
  dhcpNetwork: setting(
    truth.optional(),
    "Gives each machine a further interface, on a private network with DHCP",
    "false",
  ),
};

/** What the rules of machines and hosts look at, checked one by one already. */
export type MachinesGiven = z.output<z.ZodObject<typeof machinesShape>> & {
  nodes: { host?: HostSettings | undefined; machine?: MachineSettings | undefined }[];
};

type Name = keyof typeof machinesShape;

const isGiven = (name: Name, value: unknown): boolean => {
  const unset: unknown = machinesShape[name].safeParse(undefined).data;
  return JSON.stringify(value) !== JSON.stringify(unset);
};

/** Where every node is a host, what is for machines is a mistake. */
const forMachines = (name: Name): Rule<MachinesGiven> => ({
  of: ["nodes[].host?", name],
  check: (settings) =>
    settings.nodes.every(({ host }) => host) && isGiven(name, settings[name])
      ? [mistake(name, "is for machines, and every node is a host", "remove it")]
      : [],
});

/** All forwarded ports, each with its path. */
const portsOf = (nodes: MachinesGiven["nodes"]) =>
  nodes.flatMap(({ machine }, i) =>
    (machine?.ports ?? []).map((each, j) => ({ ...each, path: `nodes[${i}].machine.ports[${j}]` })),
  );

const beyondLast = ({ nodes }: MachinesGiven): Mistake[] =>
  portsOf(nodes).flatMap(({ path, guest, host, count = 1 }) =>
    Object.entries({ guest, host }).flatMap(([key, first]) =>
      first !== undefined && first + count - 1 > 65_535
        ? [
            {
              path: `${path}.${key}`,
              subject: `\`${path}.${key}\` and \`${path}.count\``,
              rule: "go beyond port 65535",
            },
          ]
        : [],
    ),
  );

function forwardedTwice({ nodes }: MachinesGiven): Mistake[] {
  const taken = new Map<string, string>();
  return portsOf(nodes).flatMap(({ path, host, count = 1, protocol = "tcp" }) => {
    if (host === undefined) return [];
    const keys = Array.from({ length: count }, (_, n) => `${host + n}/${protocol}`);
    const clash = keys.find((key) => taken.has(key));
    const before = clash && taken.get(clash);
    for (const key of keys) taken.set(key, path);
    if (!clash) return [];
    const subject = `\`${path}.host\`: ${clash}`;
    return [
      {
        ...mistake(`${path}.host`, `is forwarded by \`${before}\` already`, "choose another port"),
        subject,
      },
    ];
  });
}

/** What machines and hosts must keep to. */
export const machineRules: Rule<MachinesGiven>[] = [
  {
    of: ["nodes[].host?", "nodes[].machine?"],
    each: true,
    check: ({ nodes }) =>
      nodes.flatMap(({ host, machine }, i) =>
        host && machine
          ? [
              mistake(
                `nodes[${i}]`,
                "has `host` and `machine`",
                "a node is the one or the other, remove one of them",
              ),
            ]
          : [],
      ),
  },
  ...(Object.keys(machinesShape) as Name[]).map(forMachines),
  {
    of: ["boxChecksum", "boxUrl?"],
    check: ({ boxChecksum, boxUrl }) =>
      boxChecksum && !boxUrl
        ? [
            mistake(
              "boxChecksum",
              "is for a box that is named by its file",
              "give `boxUrl` too, or remove it",
            ),
          ]
        : [],
  },
  {
    of: ["boxUrl", "box?"],
    check: ({ boxUrl, box }) => {
      if (isCloudImage(boxUrl))
        return box
          ? [mistake("box", "is not the name of a box that is made of a cloud image (`boxUrl`)", "remove it")]
          : [];
      return boxUrl && !box ? [mistake("boxUrl", "needs the box's name", "give `box` too")] : [];
    },
  },
  {
    of: ["boxUrl", "boxVersion?"],
    check: ({ boxUrl, boxVersion }) =>
      isCloudImage(boxUrl) && boxVersion
        ? [mistake("boxVersion", "is for a box, and `boxUrl` is a cloud image", "remove it")]
        : [],
  },
  {
    of: ["boxUrl", "boxChecksum?"],
    check: ({ boxUrl, boxChecksum }) =>
      isCloudImage(boxUrl) && !boxChecksum
        ? [
            mistake(
              "boxUrl",
              "is a cloud image, and whoever sends another one is root on every machine",
              "give its `boxChecksum`, too",
            ),
          ]
        : [],
  },
  { of: ["nodes[].machine.ports"], each: true, check: beyondLast },
  { of: ["nodes[].machine.ports"], each: true, check: forwardedTwice },
];
