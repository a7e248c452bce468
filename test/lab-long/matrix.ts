/** How long each step took on each kind of node, as a table. */
export class Matrix {
  private readonly cells = new Map<string, Map<string, string>>();

  private put(column: string, row: string, text: string): void {
    const cells = this.cells.get(row) ?? new Map<string, string>();
    this.cells.set(row, cells.set(column, text));
  }

  /** Runs a step and remembers its time, or that it failed. */
  async time(column: string, row: string, action: () => Promise<void>): Promise<void> {
    const start = performance.now();
    this.put(column, row, "FAILED");
    await action();
    this.put(column, row, `${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

  /** A table in Markdown: rows are steps, columns kinds of nodes, in the order in which they were run. */
  text(): string {
    const columns = [...new Set([...this.cells.values()].flatMap((cells) => [...cells.keys()]))];
    const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
    return [
      line(["", ...columns]),
      line(["---", ...columns.map(() => "---")]),
      ...[...this.cells].map(([row, cells]) =>
        line([row, ...columns.map((column) => cells.get(column) ?? "not run")]),
      ),
    ].join("\n");
  }
}
