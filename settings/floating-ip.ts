import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unusableAddress } from "../domain/address-kinds";
import { keepalivedCommand } from "../domain/keepalived-words";
import { addressOf, parseVip } from "../domain/network";
import {
  completeSpec,
  defaultPreset,
  garpDefaults,
  keepalivedDefaults,
  type Preset,
  presets,
  scriptDefaults,
  type Vip,
  type VrrpSpec,
} from "../domain/vrrp";
import { hmacModes } from "../domain/vrrp-hmac";
import { dotsError, group, list, noDots, number, oneOf, secret, setting, truth, whole } from "./values";

/*
 * The settings of the floating IP: where it is, how fast it moves, and `keepalived` with what keepalived offers. The
 * rules between settings are in floating-ip-rules.ts.
 */

const path = z
  .string({ error: "must be a text" })
  .regex(/^(\/[A-Za-z0-9_.-]+)+$/, {
    error: "must be an absolute path of letters, digits, dots, dashes and underscores",
  })
  .refine(noDots, { error: dotsError })
  .refine((value) => !/^\/(dev|proc|sys)\//.test(value), { error: "must not be in /dev, /proc or /sys" });

const command = z.string({ error: "must be a text" }).refine(
  (text) => {
    try {
      return keepalivedCommand(text) !== "" && noDots(text.split(" ")[0] ?? "");
    } catch {
      return false;
    }
  },
  {
    error:
      "must be an absolute path with arguments of letters, digits and _.:/=,@%+- and single blanks between them: keepalived.conf has no quoting for more, so put it into a script",
  },
);

const anyVip = z.string({ error: "must be a text" }).refine((text) => parseVip(text) !== undefined, {
  error:
    "must be an IPv4 or IPv6 address with its subnet's prefix, such as 192.168.56.20/24 or fd00:56::10/64",
});

const garp = group({
  delay: whole(0, 1_000, " s").default(garpDefaults.delay),
  repeat: whole(1, 100).default(garpDefaults.repeat),
  refresh: whole(0, 86_400, " s").default(garpDefaults.refresh),
  refreshRepeat: whole(1, 100).default(garpDefaults.refreshRepeat),
  lowerPriorityRepeat: whole(0, 100).default(garpDefaults.lowerPriorityRepeat),
  interval: number(0, 1, " s").default(garpDefaults.interval),
});

const script = group({
  command,
  interval: whole(1, 3_600, " s").default(scriptDefaults.interval),
  timeout: whole(1, 3_600, " s").default(scriptDefaults.timeout),
  fall: whole(1, 100).default(scriptDefaults.fall),
  rise: whole(1, 100).default(scriptDefaults.rise),
});

const track = group({
  interfaces: list(
    z.string({ error: "must be a text" }).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/, {
      error: "must be the name of an interface, such as eth0",
    }),
  ),
  processes: list(
    z.string({ error: "must be a text" }).regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}$/, {
      error:
        "must be a process's name as in /proc/PID/comm, without its path: the kernel keeps 15 characters, a longer one is never found",
    }),
  ),
  scripts: list(script),
  files: list(path),
});

const authHmac = group({
  key: secret(
    z.string({ error: "must be a text" }).regex(/^[A-Za-z0-9+/=_-]{32,64}$/, {
      error: "must be 32 to 64 random letters and digits: `openssl rand -hex 32` makes them",
    }),
  ),
  mode: oneOf(hmacModes).default("enforce"),
});

/** What keepalived offers beyond the presets; each has a default that fits. */
export const keepalivedSchema = group({
  version: z
    .union([z.literal(2), z.literal(3)], { error: "must be 2 or 3" })
    .default(keepalivedDefaults.version),
  preempt: truth.default(keepalivedDefaults.preempt),
  preemptDelay: number(0, 1_000, " s").default(keepalivedDefaults.preemptDelay),
  multicast: truth.default(keepalivedDefaults.multicast),
  downTimerAdverts: whole(2, 100).default(keepalivedDefaults.downTimerAdverts),
  startupDelay: number(0, 300, " s").optional(),
  realTimePriority: whole(0, 99).default(keepalivedDefaults.realTimePriority),
  garp: garp.default(garp.parse({})),
  track: track.default(track.parse({})),
  notify: path.optional(),
  authHmac: authHmac.optional(),
});

export type KeepalivedSettings = z.infer<typeof keepalivedSchema>;

/** What keepalived has and this project does not offer, and why. */
const notOffered: Record<string, string> = {
  state:
    "every node starts as BACKUP: `nopreempt` needs that, and a MASTER at the start would fight a living holder",
  nopreempt: "say `preempt: false`, which is the default",
  auth: "version 2 sends it in clear text: say `authHmac`, if all nodes have keepalived 2.4.2",
  authentication: "version 2 sends it in clear text: say `authHmac`, if all nodes have keepalived 2.4.2",
  strict: "it forbids unicast and the repeats of gratuitous ARP, which virtual networks need",
  weight: "under `nopreempt` a weight never moves the VIP; whatever is tracked is a fault when it fails",
  vmac: "it needs promiscuous interfaces, which hypervisors refuse: gratuitous ARP does its work",
  advertInterval: "it stands beside `keepalived`, not in it",
  virtualRouterId: "it stands beside `keepalived`, not in it",
  priority: "it is given for each node, in `nodes`",
};

/** Why a setting is not there, if that is worth a word. */
export const whyNotOffered = (name: string): string | undefined =>
  Object.hasOwn(notOffered, name) ? notOffered[name] : undefined;

/** Settings of the floating IP at the top of a stack's file. */
export const floatingIpShape = {
  vip: setting(
    z
      .string({
        error: "is missing: give the floating IP with its subnet's prefix, such as 192.168.56.10/24",
      })
      .refine((text) => ipaddr.IPv4.isValidCIDRFourPartDecimal(text) && parseVip(text) !== undefined, {
        error: "must be an IPv4 address with its subnet's prefix, such as 192.168.56.10/24",
      }),
    "The floating IP with its subnet's prefix, such as 192.168.56.10/24",
  ),
  preset: setting(
    z
      .enum(Object.keys(presets) as [Preset, ...Preset[]], {
        error: `must be one of ${Object.entries(presets)
          .map(([name, seconds]) => `${name} (an advert every ${seconds} s)`)
          .join(", ")}`,
      })
      .optional(),
    "How fast the VIP moves: steady (an advert every second), fast (0.2 s) or instant (0.05 s)",
    defaultPreset,
  ),
  advertInterval: setting(
    z
      .number({ error: "must be a number of seconds" })
      .min(0.05, { error: "must be at least 0.05 s: less is false takeovers on a busy machine" })
      .max(40, { error: "must be at most 40 s, the most that VRRPv3 can say" })
      .optional(),
    "Seconds between VRRP adverts, 0.05 to 40, in place of `preset`",
    "the preset's",
  ),
  virtualRouterId: setting(
    whole(1, 255).optional(),
    "VRRP's number of the stack, 1 to 255, unique on the network",
    "the VIP's last number",
  ),
  furtherVips: setting(
    list(anyVip, { of: "addresses with prefix", most: 50 }),
    "Addresses that move with the VIP, IPv4 and IPv6, each with its subnet's prefix",
  ),
  subnet: setting(
    z
      .string({ error: "must be a text" })
      .refine((text) => ipaddr.IPv4.isValidCIDRFourPartDecimal(text), {
        error: "must be the IPv4 network of the nodes, such as 192.168.56.0/24",
      })
      .refine((text) => parseVip(text) === undefined || !unusableAddress(addressOf(text)), {
        error: "must be a network whose addresses nodes can have: no loopback, multicast or reserved one",
      })
      .optional(),
    "The nodes' network, where the VIP is not in it",
    "the VIP's",
  ),
  keepalived: setting(
    keepalivedSchema.default(keepalivedSchema.parse({})),
    "What keepalived offers, for those who know VRRP: docs/floating-ip.md",
    "as in docs/floating-ip.md",
  ),
};

/** What keepalived is told on all nodes; a part of the settings. */
interface FloatingIpSettings {
  vip: Vip;
  furtherVips: Vip[];
  advertInterval: number;
  virtualRouterId: number;
  keepalived: KeepalivedSettings;
}

/** Seconds between adverts: as said, else the preset's. */
export const advertIntervalOf = (given: {
  advertInterval?: number | undefined;
  preset?: Preset | undefined;
}) => given.advertInterval ?? presets[given.preset ?? defaultPreset];

/** The settings as keepalived's file is made from them. */
export function vrrpSpec(settings: FloatingIpSettings): VrrpSpec {
  const { vip, furtherVips, advertInterval, virtualRouterId } = settings;
  const { authHmac: _, ...keepalived } = settings.keepalived;
  return completeSpec({ ...{ vip, furtherVips, advertInterval, virtualRouterId }, ...keepalived });
}
