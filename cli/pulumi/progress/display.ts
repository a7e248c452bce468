import type { Colors } from "../../ui/colors";
import { type Place, Places } from "./places";
import type { Display, Running } from "./progress";

/** Where a display writes, and how wide that is. */
export interface Output {
  write(text: string): void;
  columns?: number | undefined;
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Milliseconds from which on a mere look at a resource is worth a line. */
const longLook = 10_000;

const marks = { done: "✔", failed: "✖" } as const;

abstract class Base implements Display {
  protected readonly places: Places;
  protected readonly running = new Map<string, Running & Place>();

  /** @param nodes names of the nodes that the operation is about */
  constructor(
    protected readonly output: Output,
    protected readonly paint: Colors,
    nodes: readonly string[],
  ) {
    this.places = new Places(nodes);
  }

  began(step: Running): void {
    this.running.set(step.urn, { ...step, ...this.places.of(step) });
  }

  /** A line's beginning: what stands in the column of nodes. */
  protected column(node: string): string {
    return node.padEnd(this.places.width);
  }

  ended(step: Running, how: "done" | "failed", took: number): void {
    this.running.delete(step.urn);
    if (how === "done" && step.isLook && took < longLook) return;
    const mark = how === "done" ? this.paint.green(marks.done) : this.paint.red(marks.failed);
    const word = how === "done" ? step.done : "failed";
    const { node, title } = this.places.of(step);
    this.line(`${mark} ${this.column(node)}  ${title} ${word} ${this.paint.dim(seconds(took))}`);
  }

  said(name: string, text: string, severity: "error" | "warning" | "info"): void {
    const subject = this.places.subject(name);
    const color = { error: this.paint.red, warning: this.paint.yellow, info: this.paint.dim }[severity];
    const [first = "", ...rest] = text.split("\n");
    const begin = `${severity === "info" ? "" : `${severity}: `}${subject === "" ? "" : `${subject}: `}`;
    this.line(color(`  ${begin}${first}`));
    for (const each of rest) this.line(`    ${each}`);
  }

  abstract passing(name: string, text: string): void;
  /** Prints a line that stays. */
  abstract line(text: string): void;
  /** Ends what does not stay. */
  abstract close(): void;
}

/** Milliseconds between two lines about steps that still run. */
const still = 30_000;

/** Lines that stay, for a log. */
export class PlainDisplay extends Base {
  private told = 0;

  line(text: string): void {
    this.output.write(`${text}\n`);
  }

  /** What passes is worth a line now and then. */
  passing(name: string, text: string): void {
    if (performance.now() - this.told < still / 3) return;
    this.told = performance.now();
    this.said(name, text, "info");
  }

  private readonly timer = setInterval(() => {
    const now = performance.now();
    const long = [...this.running.values()].filter(({ since }) => now - since >= still);
    if (long.length === 0) return;
    const names = long.map(({ name, since }) => `${this.places.subject(name)} (${seconds(now - since)})`);
    this.line(`  still: ${names.join(", ")}`);
  }, still).unref();

  close(): void {
    clearInterval(this.timer);
  }
}

/** Lines that stay, and below them each node with what is done there and for how long. */
export class ScreenDisplay extends Base {
  private shown = 0;
  private passed = "";

  private readonly timer = setInterval(() => this.draw(), 500).unref();

  line(text: string): void {
    this.clear();
    this.output.write(`${text}\n`);
    this.draw();
  }

  override began(step: Running): void {
    super.began(step);
    this.draw();
  }

  passing(name: string, text: string): void {
    const subject = this.places.subject(name);
    this.passed = `${subject === "" ? "" : `${subject}: `}${text.split("\n").at(-1) ?? ""}`;
    this.draw();
  }

  /** The lines of what runs now, by node. */
  private rows(): string[] {
    const now = performance.now();
    const byNode = new Map<string, string[]>();
    for (const { node, title, since } of this.running.values()) {
      const words = `${title} ${Math.floor((now - since) / 1000)} s`;
      byNode.set(node, [...(byNode.get(node) ?? []), words]);
    }
    const rows = [...byNode].sort(([one], [other]) => one.localeCompare(other));
    const lines = rows.map(([node, words]) => `… ${this.column(node)}  ${words.join(", ")}`);
    return this.passed === "" ? lines : [...lines, `  ${this.passed}`];
  }

  private clear(): void {
    // Up to the first of the lines that do not stay, and all below it away.
    if (this.shown > 0) this.output.write(`\u001b[${this.shown}A\u001b[J`);
    this.shown = 0;
  }

  private draw(): void {
    this.clear();
    // A line that wraps would take two.
    const width = (this.output.columns || 80) - 1;
    const rows = this.rows().map((row) => this.paint.dim(row.slice(0, width)));
    this.output.write(rows.map((row) => `${row}\n`).join(""));
    this.shown = rows.length;
  }

  close(): void {
    clearInterval(this.timer);
    this.clear();
  }
}
