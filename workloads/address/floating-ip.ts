import * as pulumi from "@pulumi/pulumi";
import type { FloatingIpOptions } from "../../components/floating-ip";
import { keepalivedDefaults, type OwnVip, routerIdOf } from "../../domain/vrrp";
import type { AddressVip, HaAddressArgs } from "./args";

/** A VIP as keepalived is told of it. */
const ownVipOf = ({ name, vip, checks = [], ...given }: AddressVip): OwnVip => ({
  ...{ name, vip, furtherVips: given.furtherVips ?? [], preferred: given.preferred },
  virtualRouterId: given.virtualRouterId ?? routerIdOf(vip),
  preempt: given.preempt ?? keepalivedDefaults.preempt,
  preemptDelay: given.preemptDelay ?? keepalivedDefaults.preemptDelay,
  weighed: checks.some(({ weight }) => weight !== undefined),
});

/** All of them for keepalived; the first one's values stand where those of the only one do. */
export function floatingIpOf({
  floatingIp,
  vips,
}: Pick<HaAddressArgs, "floatingIp" | "vips">): FloatingIpOptions {
  const ownVips = vips.map(ownVipOf);
  const [first] = ownVips;
  if (!first) throw new pulumi.RunError("`vips` must have at least one VIP");
  const { vip, furtherVips, virtualRouterId } = first;
  return { ...floatingIp, vip, furtherVips, virtualRouterId, ownVips };
}
