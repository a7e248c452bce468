/*
 * How values and blocks are written in keepalived.conf.
 */

/**
 * The one function through which values reach keepalived.conf: keepalived has no quoting that covers its comment
 * (`#`, `!`), block and `$` characters, so a word that would need it is refused.
 */
export function keepalivedWord(value: string | number): string {
  const text = String(value);
  if (!/^[A-Za-z0-9/][A-Za-z0-9_.:/-]*$/.test(text))
    throw new Error(`${JSON.stringify(text)} cannot stand in keepalived.conf: use letters, digits and _.:/-`);
  return text;
}

/** A program with its arguments: the same, with a few more characters that are harmless between quotes. */
export function keepalivedCommand(text: string): string {
  if (!/^\/[A-Za-z0-9_.:/+-]+( [A-Za-z0-9_.:/=,@%+-]+)*$/.test(text))
    throw new Error(
      `${JSON.stringify(text)} cannot stand in keepalived.conf: use an absolute path and arguments of letters, digits and _.:/=,@%+- with single blanks between them`,
    );
  return `"${text}"`;
}

const indented = (lines: string[]): string => lines.map((line) => (line ? `    ${line}\n` : "")).join("");
/** A block at the top. */
export const block = (head: string, lines: string[]): string => `${head} {\n${indented(lines)}}\n`;
/** A block within a block, as lines. */
export const inner = (head: string, lines: string[]): string[] =>
  lines.length ? [`${head} {`, ...lines.map((line) => `    ${line}`), "}"] : [];
