/** A mistake in the settings, as data: what is wrong where, and what to do. {@link sentenceOf} makes text of it. */
export interface Mistake {
  /** The setting: `nodes[1].address`. */
  path: string;
  /** What the sentence begins with; the path in backticks unless it is given. */
  subject?: string;
  /** The line of the stack's file, from 1, where it is known. */
  line?: number | undefined;
  /** What must be, or what is the case, as the rest of a clause that begins with the subject. */
  rule: string;
  /** What to do, or why there is the rule. Left out where the rule says it. */
  wayOut?: string | undefined;
}

/** A mistake of one setting. `wayOut` is left out where the rule says it. */
export const mistake = (path: string, rule: string, wayOut?: string): Mistake => ({ path, rule, wayOut });

/** The sentence about a mistake, as users read it. It has no full stop. */
export const sentenceOf = ({ path, subject = `\`${path}\``, line, rule, wayOut }: Mistake): string =>
  `${subject}${line === undefined ? "" : ` (line ${line})`} ${rule}${wayOut === undefined ? "" : `: ${wayOut}`}`;
