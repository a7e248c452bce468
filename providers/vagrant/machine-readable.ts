/** One row of `vagrant --machine-readable`: `TIME,TARGET,TYPE,DATA...`. */
export interface Row {
  /** The machine's name; empty in rows about no machine, such as most `ui` rows. */
  target: string;
  type: string;
  data: string[];
}

const rowStart = /^\d+,/;

const plain = (text: string): string =>
  text
    .replace(/%!\(VAGRANT_COMMA\)/g, ",")
    .replace(/\\n/g, "\n")
    .replace(/\\r/g, "\r");

/**
 * Reads the output of `vagrant --machine-readable`. Other lines (Ruby warnings, output of plugins) are left out.
 * Unknown rows and states are kept unchanged.
 */
export function parseRows(output: string): Row[] {
  return output.split(/\r?\n/).flatMap((line) => {
    if (!rowStart.test(line)) return [];
    const [, target, type, ...data] = line.split(",");
    if (target === undefined || !type) return [];
    return [{ target: plain(target), type, data: data.map(plain) }];
  });
}

/**
 * The state of a machine in the output of `vagrant status`, such as `running`, `shutoff` or `not_created`. Vagrant 1.5
 * left the target empty: such a row is about the given machine, unless another row has its name.
 */
export function stateOf(rows: readonly Row[], name: string): string | undefined {
  const states = rows.filter((row) => row.type === "state");
  const own = states.findLast((row) => row.target === name) ?? states.findLast((row) => row.target === "");
  return own?.data[0];
}

/** The text meant for people, in order, without the rows for machines. */
export function shownText(rows: readonly Row[]): string[] {
  return rows.filter((row) => row.type === "ui").map((row) => row.data.slice(1).join(","));
}
