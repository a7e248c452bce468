import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type TakeoverBound, takeoverBound, type VrrpSpec } from "../../domain/vrrp";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";
import { Rig } from "../rig/rig";
import { type Fault, faults, settle, trial } from "./faults";
import { type Row, row } from "./report";
import { takeoverPlot } from "./takeover-plot";

/** What is compared: the presets, and keepalived as its own defaults have it. */
export interface TakeoverCase extends Row {
  preset: string;
  fault: string;
  /** What keepalived's timers promise, ms. */
  formula: number;
}

/**
 * keepalived without being told anything: its sample's 1 s, VRRP version 2, multicast, priority 100 for the backup.
 */
const defaults = "keepalived's defaults";

function specOf(preset: string): VrrpSpec {
  const settings = {
    vip: "192.168.56.10/24",
    nodes: JSON.stringify([
      { name: "a", address: "192.168.56.11" },
      { name: "b", address: "192.168.56.12" },
    ]),
    ...(preset === defaults
      ? {
          preset: "steady",
          keepalived: JSON.stringify({
            version: 2,
            multicast: true,
            realTimePriority: 0,
            garp: { delay: 5, repeat: 5, refresh: 0 },
          }),
        }
      : { preset }),
  };
  return { ...vrrpSpec(parseSettings(settings)), startupDelay: 0 };
}

async function measure(
  rig: Rig,
  preset: string,
  fault: Fault,
  trials: number,
): Promise<{ takeover: number[]; bound: TakeoverBound }> {
  const spec = specOf(preset);
  const [, b] = rig.nodes;
  if (b) b.vrrp.priority = preset === defaults ? 100 : 140;
  const takeover: number[] = [];
  await rig.start(spec);
  for (let i = 0; i < trials; i++) {
    // The fault falls into any part of an interval, and on either node.
    await sleep(Math.random() * spec.advertInterval * 1000);
    takeover.push((await trial(rig, fault)).takeover);
    await settle(rig, spec);
  }
  await rig.stop();
  return {
    takeover,
    bound: takeoverBound(
      spec,
      rig.nodes.map(({ vrrp }) => vrrp.priority),
    ),
  };
}

/** In the order of the table. */
const presetNames = ["instant", "fast", "steady", defaults];

/**
 * Arguments: `--trials N` (default 10), `--only PRESET`, `--svg FILE` for the plot, `--json` for programs. All of it
 * takes a quarter of an hour, most of which is waiting.
 */
export async function bench(args: string[]): Promise<void> {
  const option = (name: string): string | undefined =>
    args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
  const trials = Number(option("--trials") ?? 10);
  if (!Number.isInteger(trials) || trials < 1) throw new Error("`--trials` must be a whole number from 1");
  const only = option("--only");
  if (only !== undefined && !presetNames.includes(only))
    throw new Error(`\`--only\` must be one of ${presetNames.join(", ")}`);
  const rows: TakeoverCase[] = [];
  const rig = await Rig.make();
  try {
    for (const preset of presetNames.filter((name) => only === undefined || name === only))
      for (const fault of Object.values(faults)) {
        process.stderr.write(`${preset}: ${fault.name}, ${trials} times\n`);
        const { takeover, bound } = await measure(rig, preset, fault, trials);
        const formula = 1000 * (fault.planned ? bound.planned : bound.crash);
        rows.push({ preset, fault: fault.name, formula, ...row(`${preset}, ${fault.name}`, "ms", takeover) });
      }
  } finally {
    await rig.end();
  }
  const svg = option("--svg");
  if (svg) writeFileSync(svg, takeoverPlot(rows));
  process.stdout.write(
    args.includes("--json") ? `${JSON.stringify({ name: "takeover", rows }, undefined, 1)}\n` : table(rows),
  );
}

/** The table for people, which is also that of docs/floating-ip.md. */
export function table(rows: TakeoverCase[]): string {
  const heading = ["preset", "fault", "n", "median, ms", "p95, ms", "max, ms", "formula, ms"];
  const cells = rows.map(({ preset, fault, n, median, p95, max, formula }) => [
    ...[preset, fault, String(n)],
    ...[median, p95, max, formula].map((value) => value.toFixed(0)),
  ]);
  const line = (values: string[]): string => `| ${values.join(" | ")} |\n`;
  return [heading, heading.map(() => "---"), ...cells].map(line).join("");
}
