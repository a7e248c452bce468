import { isAbsolute, normalize } from "node:path";
import { z } from "zod";
import {
  choice,
  cidr,
  flag,
  hostName,
  ip,
  machineAddress,
  missing,
  port,
  rubyName,
  seconds,
  setting,
  text,
  whole,
  word,
} from "./fields";
import { hypervisorNames } from "./hypervisors";

const networkKinds = "must be private or public";

const mac = z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, {
  error: "must be a MAC address, such as 52:54:00:12:34:56",
});

const network = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("private"),
      address: machineAddress.optional(),
      name: text("the hypervisor's name of a network").optional(),
      mac: mac.optional(),
    }),
    z.strictObject({
      type: z.literal("public"),
      bridge: z.array(text("an interface of this host, such as en0")).default([]),
      address: machineAddress.optional(),
      mac: mac.optional(),
    }),
  ],
  { error: networkKinds },
);

const forward = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/, { error: "must be letters, digits, dots, dashes and underscores" })
    .optional(),
  guest: port,
  host: port.optional(),
  count: whole(1, 1000, "").default(1),
  protocol: choice(["tcp", "udp"]).default("tcp"),
  hostIp: ip.default("127.0.0.1"),
  guestIp: ip.optional(),
});

const words = z.array(word("an option"), { error: "must be a list of words" });

const syncedFolder = z.strictObject({
  host: text("a path on this host"),
  guest: text("an absolute path on the machine").refine((path) => path.startsWith("/"), {
    error: "must be an absolute path on the machine",
  }),
  type: choice(["nfs", "rsync", "smb", "virtualbox", "9p", "virtiofs"]).optional(),
  id: word("an id").optional(),
  create: flag.default(false),
  owner: word("a user").optional(),
  group: word("a group").optional(),
  mountOptions: words.default([]),
  nfs: z
    .strictObject({
      version: z
        .union([z.literal(3), z.literal(4), z.literal("4.1"), z.literal("4.2")], {
          error: 'must be 3, 4, "4.1" or "4.2"',
        })
        .optional(),
      udp: flag.optional(),
      export: flag.optional(),
      linuxOptions: words.optional(),
      bsdOptions: words.optional(),
      mapUid: z.union([whole(0, 4_294_967_295, ""), z.literal("auto")]).optional(),
      mapGid: z.union([whole(0, 4_294_967_295, ""), z.literal("auto")]).optional(),
    })
    .optional(),
  options: z.record(rubyName, setting).default({}),
});

const script = z.strictObject({
  name: z.string(missing("the script's name")).regex(/^[a-z0-9][a-z0-9_-]*$/, {
    error: "must be lower-case letters, digits, dashes and underscores",
  }),
  script: text("the text of a shell script"),
  privileged: flag.default(true),
});

const timeouts = z
  .strictObject({
    boot: seconds.optional(),
    up: seconds.default(900),
    halt: seconds.default(120),
    destroy: seconds.default(120),
    box: seconds.default(3600),
  })
  .prefault({})
  .transform((given) => ({ ...given, boot: given.boot ?? Math.min(600, given.up) }));

export const shape = {
  name: hostName,
  hostname: hostName.optional(),
  directory: z
    .string(missing("an absolute path, the machine's own folder"))
    .refine((path) => isAbsolute(path) && normalize(`${path}/`) === `${path}/` && path !== "/", {
      error: "must be an absolute path without `..` or a slash at its end: the machine's own folder",
    })
    .refine((path) => !path.includes("\0"), { error: "must not contain null bytes" }),
  box: word("the name of a Vagrant box").optional(),
  boxVersion: word("one exact version of the box").optional(),
  boxUrl: word("the address or path of a .box file, of a catalog or of a cloud image").optional(),
  boxChecksum: z
    .string()
    .regex(/^(md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, {
      error: "must be its type and value in lower-case hex digits, such as sha256:...",
    })
    .optional(),
  architecture: choice(["amd64", "arm64"]).optional(),
  hypervisor: choice(hypervisorNames),
  cpus: whole(1, 255, "").default(2),
  memory: whole(512, 1_048_576, " of MiB").default(2048),
  networks: z.array(network, { error: "must be a list of networks" }).max(8).default([]),
  ports: z.array(forward, { error: "must be a list of ports" }).default([]),
  usablePorts: z.strictObject({ from: port, to: port }).default({ from: 22_000, to: 22_999 }),
  syncedFolders: z.array(syncedFolder, { error: "must be a list of folders" }).default([]),
  sshUser: word("a user with passwordless sudo").default("vagrant"),
  sshPort: port.default(22),
  sshPrivateKey: text("a private key").optional(),
  sshInsertKey: flag.default(true),
  provision: z
    .union([text("the text of a shell script"), z.array(script)], {
      error: "must be the text of a shell script, or a list of scripts with `name` and `script`",
    })
    .optional()
    .transform((given) =>
      typeof given === "string" ? [{ name: "script", script: given, privileged: true }] : (given ?? []),
    ),
  guest: z
    .string()
    .regex(/^[a-z0-9_]+$/, { error: "must be Vagrant's name of a system, such as debian or redhat" })
    .optional(),
  networkd: flag.default(false),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "must be the name of an environment variable" }),
      text("text"),
      {
        error: "must be names of environment variables and their texts",
      },
    )
    .default({}),
  libvirt: z
    .strictObject({
      uri: word("libvirt's URI, such as qemu:///system").optional(),
      driver: z.enum(["kvm", "qemu"], { error: "must be kvm or qemu (emulation)" }).optional(),
      managementNetwork: z.strictObject({ name: word("the name of a libvirt network"), cidr }).optional(),
    })
    .optional(),
  settings: z.record(rubyName, setting).default({}),
  vagrantfile: z
    .array(
      text("a line of Ruby").refine((line) => !/[\r\n]/.test(line), { error: "must be one line" }),
      {
        error: "must be a list of lines",
      },
    )
    .default([]),
  adopt: z
    .union(
      [
        z.boolean(),
        z.strictObject({ folder: text("the folder of a Vagrantfile") }),
        z.strictObject({ id: word("the hypervisor's name or id of a machine") }),
      ],
      { error: "must be true, or `{ folder }` or `{ id }` of the machine to take over" },
    )
    .default(false),
  timeouts,
  owner: z.string().default(""),
};

type Shape = typeof shape;
type Key = keyof Shape;

/** The inputs of a machine after `check`: with all defaults. */
export type MachineInputs = {
  [K in Key as undefined extends z.output<Shape[K]> ? never : K]: z.output<Shape[K]>;
} & {
  [K in Key as undefined extends z.output<Shape[K]> ? K : never]?: z.output<Shape[K]>;
};

export type Network = MachineInputs["networks"][number];
export type SyncedFolder = MachineInputs["syncedFolders"][number];

export const inputKeys = Object.keys(shape) as Key[];

let defaults: Partial<MachineInputs> | undefined;

const theDefaults = (): Partial<MachineInputs> =>
  (defaults ??= Object.fromEntries(
    inputKeys.flatMap((key) => {
      const { data } = shape[key].safeParse(undefined);
      return data === undefined ? [] : [[key, data]];
    }),
  ) as Partial<MachineInputs>);

/** The inputs among the properties of a machine. Inputs that are newer than its state have their defaults. */
export function inputsOf(props: Partial<MachineInputs>): MachineInputs {
  const given = Object.fromEntries(
    inputKeys.flatMap((key) => (props[key] === undefined ? [] : [[key, props[key]]])),
  );
  return { ...theDefaults(), ...given } as MachineInputs;
}

/** The static address at which the machine is contacted, with its prefix: the first one of its networks. */
export const staticAddress = (inputs: MachineInputs): string | undefined =>
  inputs.networks.find(({ address }) => address !== undefined)?.address;

export const withoutPrefix = (address: string): string => address.replace(/\/.*/, "");

export interface CheckFailure {
  property: string;
  reason: string;
}
