import ipaddr from "ipaddr.js";
import type { Mistake } from "../domain/mistake";
import { networkOf, parseVip } from "../domain/network";
import { routerIdOf, type Vip, withPriorities } from "../domain/vrrp";
import { whyRenamed } from "./agent";
import { checked } from "./check";
import { decoded } from "./decode";
import { SettingsError } from "./error";
import { advertIntervalOf, whyNotOffered } from "./floating-ip";
import type { HostSettings } from "./hosts";
import type { MachineSettings } from "./machines";
import { type Parsed, rules, settingsSchema } from "./schema";
import { unseenMistakes } from "./unseen";
import type { Rule } from "./values";
import { foreignMistakes } from "./workload";

export { SettingsError } from "./error";
export { namespace, ownSettings } from "./own-settings";
export { settingNames } from "./schema";

/** A node as the settings have it: a host that existed before, or else a machine. */
export interface NodeSettings {
  name: string;
  /** On the nodes' network, without prefix. */
  address: string;
  address6?: string;
  priority: number;
  host?: HostSettings;
  machine?: MachineSettings;
}

/** A stack's settings after all checks; what depends on the lab is still open where it is undefined. */
export interface Settings
  extends Omit<
    Parsed,
    "vip" | "nodes" | "virtualRouterId" | "furtherVips" | "subnet" | "preset" | "advertInterval"
  > {
  /** The floating IP and the subnet it is in. */
  vip: Vip;
  /** Addresses that move with it. */
  furtherVips: Vip[];
  /** The nodes' network: the VIP's, unless it was said. */
  subnet: Vip;
  /** Each with its VRRP priority; unless that was said, in order of preference. */
  nodes: NodeSettings[];
  /** Seconds between two adverts: the preset's, unless it was said. */
  advertInterval: number;
  /** 1 to 255; from the VIP's last number unless set. */
  virtualRouterId: number;
}

/** Settings with what follows from others. */
function completed(parsed: Parsed): Settings {
  const { vip, nodes, virtualRouterId, furtherVips, subnet, preset, advertInterval, ...others } = parsed;
  const [vipAddress, prefix] = ipaddr.IPv4.parseCIDR(vip);
  return {
    ...others,
    vip: { address: vipAddress.toString(), prefix },
    furtherVips: furtherVips.map((text) => parseVip(text) as Vip),
    subnet: networkOf(subnet ?? vip),
    nodes: withPriorities(nodes),
    advertInterval: advertIntervalOf({ preset, advertInterval }),
    virtualRouterId: virtualRouterId ?? routerIdOf({ address: vipAddress.toString(), prefix }),
  };
}

const whyUnknown = (name: string, path: string): string | undefined =>
  whyRenamed(path) ?? whyNotOffered(name);

/** What is known of settings beside their values. */
export interface Beside {
  /** What was found wrong before. */
  mistakes?: readonly Mistake[];
  /** What could not be read: nothing more is said of that. */
  unread?: readonly Mistake[];
  /** Rules that hold on this machine alone. */
  rules?: readonly Rule<Parsed>[];
}

/**
 * Checks the settings of a stack and completes them.
 *
 * @param raw name (without namespace) to value as text; lists and objects as JSON
 * @throws SettingsError with every mistake found
 */
export function parseSettings(raw: Record<string, string>, beside: Beside = {}): Settings {
  const values = decoded(raw, settingsSchema.shape);
  const { mistakes: before = [], unread = [] } = beside;
  const unseen = unseenMistakes(values);
  if (unseen.length > 0) throw new SettingsError([...before, ...unread, ...unseen]);
  const result = checked(settingsSchema, [...rules, ...(beside.rules ?? [])], values, { whyUnknown, unread });
  const mistakes = [...before, ...unread, ...foreignMistakes(values), ...(result.mistakes ?? [])];
  if (mistakes.length > 0 || !result.values) throw new SettingsError(mistakes);
  return completed(result.values);
}
