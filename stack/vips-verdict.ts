import { callOf } from "../local/called";
import type { NodeReport } from "./node-report";
import { type SharedVip, vipsOf } from "./vips";

const all = (names: readonly string[]): string => names.join(" and ");

const why = ({ refusals }: SharedVip): string => (refusals.length > 0 ? ` (${refusals.join("; ")})` : "");

/** A part of the states of a stack (verdict.ts). */
interface VipsJudgement {
  state: "healthy" | "no-standby" | "no-holder" | "two-holders" | "no-service" | "node-unreachable";
  message: string;
}

/** Judges floating IPs that move each by itself. If there are several problems, the worst one is the verdict. */
export function judgeVips(nodes: NodeReport[], ping: { ok: boolean; error?: string }): VipsJudgement {
  const vips = vipsOf(nodes);
  const silent = nodes.filter(({ status }) => !status).map(({ name }) => name);
  const without = silent.length > 0 ? `; ${all(silent)} cannot be reached` : "";
  const twice = vips.find(({ holders }) => holders.length > 1);
  if (twice)
    return {
      state: "two-holders",
      message: `split brain: ${all(twice.holders)} have the VIP ${twice.name} (${twice.address})${without}`,
    };
  const lost = vips.filter(({ holders }) => holders.length === 0);
  const [first] = lost;
  // A node that cannot be asked may have it.
  if (first && silent.length === 0)
    return {
      state: "no-holder",
      message: `no node has the VIP ${all(lost.map(({ name }) => name))}${why(first)}`,
    };
  if (first)
    return {
      state: "no-holder",
      message: `no node that answers has the VIP ${all(lost.map(({ name }) => name))}${without}`,
    };
  const shown = nodes.flatMap(({ name }) => {
    const held = vips.filter(({ holders }) => holders.includes(name)).map((vip) => vip.name);
    return held.length > 0 ? [`${name} has ${all(held)}`] : [];
  });
  if (!ping.ok)
    return {
      state: "no-service",
      message: `${shown.join(", ")}; the VIP ${ping.error ?? "does not answer"}${without}`,
    };
  if (silent.length > 0)
    return {
      state: "node-unreachable",
      message: `${shown.join(", ")}${without}`,
    };
  const alone = vips.find(({ able }) => able.length === 0);
  if (alone)
    return {
      state: "no-standby",
      message: `${shown.join(", ")}, but no other node would take ${alone.name}${why(alone)}: \`${callOf("logs")}\` says more`,
    };
  return { state: "healthy", message: `healthy: ${shown.join(", ")}` };
}
