import type { Hmac } from "./vrrp-hmac";

/** An address that moves between the nodes, with its subnet's prefix. */
export interface Vip {
  address: string;
  prefix: number;
}

/** What each preset stands for: seconds between two VRRP adverts. */
export const presets = { steady: 1, fast: 0.2, instant: 0.05 } as const;

export type Preset = keyof typeof presets;

/** The preset where nothing is said. */
export const defaultPreset: Preset = "fast";

/** Gratuitous ARP, and its counterpart of IPv6: how the network learns where a VIP is now. */
export interface Garp {
  /** Seconds after which a new holder tells it a second time; 0: only once. */
  delay: number;
  /** Packets each time. */
  repeat: number;
  /** Seconds between the holder's reminders, which mend neighbours after a frozen holder; 0: none. */
  refresh: number;
  /** Packets in each reminder. */
  refreshRepeat: number;
  /** Packets when a holder of lower priority shows up, which told the network something else. */
  lowerPriorityRepeat: number;
  /** Seconds between two packets, for switches that drop floods; 0: none. */
  interval: number;
}

/** A command that keepalived runs again and again; as long as it fails, the node does not hold the VIP. */
export interface TrackedScript {
  /** Absolute path with arguments, without quoting: single blanks between words. */
  command: string;
  /** Whole seconds between two runs. */
  interval: number;
  /** Seconds that one run may take. */
  timeout: number;
  /** Failures in a row that count. */
  fall: number;
  /** Successes in a row that count. */
  rise: number;
}

/** What must be well on a node for it to hold the VIP; beside the VIP's own interface and the agent. */
export interface Tracked {
  /** Names of interfaces that must be up. */
  interfaces: string[];
  /** Names of processes that must run, as in /proc/PID/comm. */
  processes: string[];
  scripts: TrackedScript[];
  /** Files with a number: 0 is well, anything else is not. */
  files: string[];
}

/** A floating IP that moves by itself, beside others: an instance of VRRP of its own. */
export interface OwnVip {
  /** Names its instance, and the files by which the agent decides: lower-case letters, digits and dashes. */
  name: string;
  vip: Vip;
  /** VIPs that move with it, IPv4 and IPv6. */
  furtherVips: Vip[];
  /** 1 to 255, unique on the network. */
  virtualRouterId: number;
  /** Name of the node that is to have it first; undefined: the one of the highest priority. */
  preferred?: string | undefined;
  /** Whether a more preferred node that comes back takes it from the holder. */
  preempt: boolean;
  /** Seconds that such a node waits before. */
  preemptDelay: number;
  /** Whether the agent lessens the node's priority for it while something is not well. */
  weighed: boolean;
}

/** What keepalived is told on all nodes alike. */
export interface VrrpSpec {
  /** The VIP that the adverts name. */
  vip: Vip;
  /** VIPs that move with it, IPv4 and IPv6. */
  furtherVips: Vip[];
  /**
   * Floating IPs that move each by itself, the first of them with `vip`, in place of the one that the fields beside this one
   * describe. The agent says of each whether the node may have it.
   */
  ownVips?: OwnVip[] | undefined;
  /** Seconds between two adverts. */
  advertInterval: number;
  /** 1 to 255, unique on the network. */
  virtualRouterId: number;
  /** VRRP version; 2 only for networks with old routers. */
  version: 2 | 3;
  /** Whether a node that comes back takes the VIP from a less preferred holder. */
  preempt: boolean;
  /** Seconds that such a node waits before. */
  preemptDelay: number;
  /** Adverts to the group address instead of to each peer. */
  multicast: boolean;
  /** Adverts that a backup misses before it takes over. */
  downTimerAdverts: number;
  /** Seconds after its first start since a boot in which keepalived only listens. */
  startupDelay: number;
  /** 1 to 99; 0: ordinary scheduling. */
  realTimePriority: number;
  garp: Garp;
  track: Tracked;
  /** A program that is called with INSTANCE NAME STATE PRIORITY at each change. */
  notify?: string | undefined;
  /** How adverts are signed; undefined: not at all. */
  hmac?: Hmac | undefined;
}

/** All addresses that float, the one that names the stack first. */
export const vipsOf = (spec: Pick<VrrpSpec, "vip" | "furtherVips" | "ownVips">): Vip[] =>
  (spec.ownVips ?? [spec]).flatMap(({ vip, furtherVips }) => [vip, ...furtherVips]);

/** A floating IP as it may be asked for: all but `vip` have defaults that fit. */
export interface VrrpOptions extends Partial<Omit<VrrpSpec, "vip" | "garp" | "track" | "hmac">> {
  vip: Vip;
  /** Each of its values has a default of its own. */
  garp?: Partial<Garp>;
  /** Default: nothing but the VIP's interface, and the agent where there is one. */
  track?: Partial<Tracked>;
}

/** Packets and times for networks that lose one now and then. */
export const garpDefaults: Garp = {
  delay: 1,
  repeat: 3,
  // A holder that gives the VIP back in a partition is heard by clients only: without reminders they go on asking it for
  // as long as they believe their neighbour table, seconds.
  refresh: 1,
  refreshRepeat: 1,
  lowerPriorityRepeat: 2,
  interval: 0,
};

const trackDefaults: Tracked = { interfaces: [], processes: [], scripts: [], files: [] };

/** How often a tracked script runs, and what of it counts. */
export const scriptDefaults: Omit<TrackedScript, "command"> = { interval: 1, timeout: 1, fall: 3, rise: 2 };

/** What keepalived does unless it is told otherwise. */
export const keepalivedDefaults = {
  version: 3,
  preempt: false,
  preemptDelay: 0,
  multicast: false,
  downTimerAdverts: 3,
  realTimePriority: 50,
} as const;

/** The VRRP router id of a VIP, unless another one is said: its last number. */
export const routerIdOf = (vip: Vip): number => Number(vip.address.split(".").at(-1)) || 1;

/** Distinct, below 255 (which would mean "owns the address") and 10 apart, so that one can be put between. */
export const withPriorities = <T extends { priority?: number | undefined }>(
  nodes: T[],
): (T & { priority: number })[] =>
  nodes.map((each, i) => ({ ...each, priority: each.priority ?? 150 - 10 * i }));

/** What was asked for, completed by defaults: `keepalived` in docs/floating-ip.md says what each value is. */
export function completeSpec({ garp, track, ...asked }: VrrpOptions): VrrpSpec {
  const advertInterval = asked.advertInterval ?? presets[defaultPreset];
  const defaults: Omit<VrrpSpec, "vip"> = {
    furtherVips: [],
    advertInterval,
    virtualRouterId: routerIdOf(asked.vip),
    ...keepalivedDefaults,
    garp: { ...garpDefaults, ...garp },
    track: { ...trackDefaults, ...track },
    startupDelay: Math.max(2, Math.ceil(advertInterval * 4)),
  };
  const said = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { vip: asked.vip, ...defaults, ...said };
}

/** How long the VIP may be without a holder, seconds. */
export interface TakeoverBound {
  /** After a crash: the backup waits for the adverts that do not come, and its skew. */
  crash: number;
  /** In a planned move: the skew alone, since the holder says that it goes. */
  planned: number;
}

/**
 * The bound as keepalived's timers promise it (vrrp.h: VRRP_MS_DOWN_TIMER, VRRP_TIMER_SKEW_CALC). The worst backup,
 * the one of the lowest priority, counts.
 */
export function takeoverBound(
  spec: Pick<VrrpSpec, "advertInterval" | "downTimerAdverts" | "version">,
  priorities: number[],
): TakeoverBound {
  const part = (256 - Math.min(...priorities)) / 256;
  const skew = part * (spec.version === 2 ? 1 : spec.advertInterval);
  const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
  return { crash: rounded(spec.downTimerAdverts * spec.advertInterval + skew), planned: rounded(skew) };
}
