import type { BrokenPair } from "./broken-pairs";

/** How many broken files a setting has in the corpus. */
export interface CorpusRow {
  setting: string;
  /** Files with this setting wrong by itself. */
  alone: number;
  /** Files in which it is wrong together with another one. */
  pairs: number;
}

/** `nodes[1].host` is a part of `nodes[].host.port`, and the other way round. */
const isOf = (name: string, setting: string): boolean => {
  const plain = name.replaceAll(/\[\d+\]/g, "[]");
  return plain === setting || setting.startsWith(`${plain}.`) || plain.startsWith(`${setting}.`);
};

/** @param alone files by setting */
export function corpusRows(alone: ReadonlyMap<string, number>, pairs: readonly BrokenPair[]): CorpusRow[] {
  return [...alone].map(([setting, count]) => ({
    setting,
    alone: count,
    pairs: pairs.filter(({ names }) => names.some((name) => isOf(name, setting))).length,
  }));
}

/** As a table in Markdown, with its totals. */
export function corpusTable(rows: readonly CorpusRow[], pairs: readonly BrokenPair[]): string {
  const total = rows.reduce((sum, { alone }) => sum + alone, 0);
  return [
    "| setting | files | of pairs |",
    "|---|---|---|",
    ...rows.map((row) => `| \`${row.setting}\` | ${row.alone} | ${row.pairs} |`),
    `| ${rows.length} settings | ${total} | ${pairs.length} pairs: ${total + pairs.length} files |`,
  ].join("\n");
}
