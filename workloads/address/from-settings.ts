import { parseVip } from "../../domain/network";
import { tellsAnybody } from "../../domain/notify";
import type { Settings } from "../../settings";
import { environmentIn, nodesOf, type StackName } from "../from-settings/base";
import type { Place } from "../from-settings/place";
import type { AddressVip, HaAddressArgs } from "./args";

/** What of a stack's settings says which VIPs there are. */
type VipsGiven = Pick<Settings, "vip" | "furtherVips" | "virtualRouterId" | "address"> & {
  keepalived: Pick<Settings["keepalived"], "preempt" | "preemptDelay">;
};

/** The VIPs of settings that passed all checks; the first one is where every stack has its own. */
export function addressVips({
  vip,
  furtherVips,
  virtualRouterId,
  address,
  keepalived,
}: VipsGiven): AddressVip[] {
  return address.vips.map(({ vip: own, ...given }, i) => {
    const preempt = given.preempt ?? keepalived.preempt;
    return {
      ...given,
      ...(i === 0
        ? { vip, furtherVips, virtualRouterId }
        : { vip: parseVip(own ?? "") as NonNullable<typeof vip> }),
      preempt,
      preemptDelay: preempt ? (given.preemptDelay ?? keepalived.preemptDelay) : 0,
      checks: given.checks.map(({ onHolder, ...check }) => ({ ...check, ...(onHolder ? { onHolder } : {}) })),
    };
  });
}

/**
 * A stack's settings as the arguments of its floating IPs.
 *
 * @throws SettingsError if a host's key cannot be used
 */
export function addressArgs(settings: Settings, place: Place, name: StackName): HaAddressArgs {
  const { address, advertInterval, guard, startDeadline, subnet, memoryFloor } = settings;
  const { preempt: _, preemptDelay: __, ...keepalived } = settings.keepalived;
  const nodes = nodesOf(settings, place, name);
  return {
    ...nodes,
    hosts: nodes.hosts && { ...nodes.hosts, memory: memoryFloor },
    vips: addressVips(settings),
    floatingIp: { advertInterval, ...keepalived },
    ...{ startLimit: address.startLimit, holdOff: guard.holdOff, startDeadline, subnet },
    environment: environmentIn(settings, name),
    notify: tellsAnybody(settings.notify) ? settings.notify : undefined,
  };
}
