import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidArgumentError, Option } from "commander";
import { type TakeoverBound, takeoverBound, type VrrpSpec } from "../../domain/vrrp";
import { parseSettings } from "../../settings";
import { vrrpSpec } from "../../settings/floating-ip";
import { takeoverPlot } from "../plots/takeover-presets";
import { Rig } from "../rig/rig";
import { benchCommand, say } from "./command";
import { type Fault, faults, settle, trial } from "./faults";
import { row } from "./report";
import { type TakeoverCase, table } from "./takeover-case";

/** keepalived as in its sample configuration: VRRPv2, adverts each second by multicast, priority 100 for the backup. */
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
    // The fault comes at any time within an advert interval, and hits either node.
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

interface TakeoverOptions {
  trials: number;
  only?: string;
  svg?: string;
  json?: boolean;
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** Measures every fault for the chosen presets. */
async function measureAll({ trials, only }: TakeoverOptions): Promise<TakeoverCase[]> {
  const rows: TakeoverCase[] = [];
  const rig = await Rig.make();
  try {
    for (const preset of presetNames.filter((name) => only === undefined || name === only))
      for (const fault of Object.values(faults)) {
        say(`${preset}: ${fault.name}, ${trials} times`);
        const { takeover, bound } = await measure(rig, preset, fault, trials);
        const formula = 1000 * (fault.planned ? bound.planned : bound.crash);
        rows.push({ preset, fault: fault.name, formula, ...row(`${preset}, ${fault.name}`, "ms", takeover) });
      }
  } finally {
    await rig.end();
  }
  return rows;
}

/** All presets with ten trials each take a quarter of an hour, most of which is waiting. */
export const bench = benchCommand("takeover", "how long the VIP is away, by preset and fault")
  .option("-n, --trials <number>", "of each fault", wholeNumber, 10)
  .addOption(new Option("--only <preset>", "only this preset").choices(presetNames))
  .option("--svg <file>", "write the plot to this file")
  .action(async (options: TakeoverOptions) => {
    const rows = await measureAll(options);
    if (options.svg) writeFileSync(options.svg, takeoverPlot(rows));
    const json = (): string => `${JSON.stringify({ name: "takeover", rows }, undefined, 1)}\n`;
    process.stdout.write(options.json ? json() : table(rows));
  });
