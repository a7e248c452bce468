import type { VrrpSpec } from "../../domain/vrrp";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";

/** What keepalived is told where a stack's file has these settings; without the delay at the start, to save time. */
export function specOf(values: Record<string, unknown>): VrrpSpec {
  const nodes = [
    { name: "a", address: "192.168.56.11" },
    { name: "b", address: "192.168.56.12" },
  ];
  const raw = Object.entries({ vip: "192.168.56.10/24", nodes, ...values }).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { ...vrrpSpec(parseSettings(Object.fromEntries(raw))), startupDelay: 0 };
}
