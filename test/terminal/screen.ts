import { Terminal } from "@xterm/headless";

/** A terminal's size, as many programs assume it. */
export interface Size {
  columns: number;
  rows: number;
}

export const usualSize: Size = { columns: 100, rows: 30 };

/** What a person sees of a program's output: the emulation of a terminal, which obeys its control sequences. */
export class Screen {
  private readonly terminal: Terminal;
  private drawn: Promise<void> = Promise.resolve();

  constructor({ columns, rows }: Size = usualSize) {
    this.terminal = new Terminal({ cols: columns, rows, scrollback: 20_000, allowProposedApi: true });
  }

  /** @param text as it comes from a pseudo-terminal, whose line discipline has made `\r\n` of each `\n` */
  write(text: string | Uint8Array): Promise<void> {
    this.drawn = new Promise((resolve) => this.terminal.write(text, resolve));
    return this.drawn;
  }

  private lines(from: number, count: number): string[] {
    const { active } = this.terminal.buffer;
    const lines: string[] = [];
    for (let i = from; i < from + count; i++) {
      const line = active.getLine(i);
      const text = line?.translateToString(true) ?? "";
      // What was too long for one row goes on in the next.
      if (line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** What is on the screen now, without the empty rows at its end. */
  now(): string[] {
    return this.lines(this.terminal.buffer.active.baseY, this.terminal.rows);
  }

  /** That, and all that was scrolled away: what a person finds by scrolling up. */
  all(): string[] {
    return this.lines(0, this.terminal.buffer.active.length);
  }
}
