import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomicallySync } from "../../local/files";
import { dataHome } from "../../local/paths";

/** One run of a command, as timings.json keeps it. Times in seconds. */
export interface Timing {
  at: string;
  command: string;
  stack: string;
  ok: boolean;
  total: number;
  /** Phases may run side by side: they need not add up to the total. */
  phases: Record<string, number>;
}

/** How many runs the file keeps. */
const kept = 500;

const seconds = (milliseconds: number): number => Math.round(milliseconds / 10) / 100;

/** Measures the phases of a command. */
export class Clock {
  private readonly start = performance.now();
  private readonly phases = new Map<string, number>();

  async phase<T>(name: string, action: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await action();
    } finally {
      this.phases.set(name, performance.now() - start);
    }
  }

  /** The phases and the total, one line each, for people. */
  table(): string[] {
    const rows = [...this.phases, ["total", performance.now() - this.start] as const];
    const width = Math.max(...rows.map(([name]) => name.length));
    return rows.map(([name, ms]) => `${name.padEnd(width)}  ${seconds(ms).toFixed(1).padStart(7)} s`);
  }

  /** Adds this run to timings.json in the data folder, if it did anything. */
  save(command: string, stack: string, ok: boolean): void {
    if (this.phases.size === 0) return;
    const timing: Timing = {
      at: new Date().toISOString(),
      command,
      stack,
      ok,
      total: seconds(performance.now() - this.start),
      phases: Object.fromEntries([...this.phases].map(([name, ms]) => [name, seconds(ms)])),
    };
    const all = [...readTimings(), timing].slice(-kept);
    writeAtomicallySync(timingsFile(), `${JSON.stringify(all, undefined, 1)}\n`);
  }
}

export const timingsFile = (): string => join(dataHome(), "timings.json");

export function readTimings(): Timing[] {
  try {
    return JSON.parse(readFileSync(timingsFile(), "utf8")) as Timing[];
  } catch {
    return []; // None yet.
  }
}
