/*
 * Texts of others, such as nodes, as they are shown to people: nothing that moves a cursor, changes a window, turns the
 * direction, hides, or begins a line of its own.
 */

/** What is not shown: control and format characters, other line ends, halves of characters. */
const unshown = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** Escape sequences of terminals as a whole, so that their letters do not stay behind (ECMA-48 5.4, xterm's OSC). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const sequences = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[\u001b\u009b][[\]()#;?]*[0-9;:]*[@-~]?/g;

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

/** A text of several lines, without what cannot be seen, and not longer than so many characters. */
export const shownLines = (text: string, longest = 8_000): string =>
  cut(
    text
      .slice(0, 4 * longest)
      .replaceAll("\t", " ")
      .replace(sequences, "")
      .replace(unshown, ""),
    longest,
  );

/** A text as one line. */
export const shownLine = (text: string, longest = 300): string =>
  shownLines(text.slice(0, 4 * longest).replace(/\s*\n\s*/g, " "), longest).trim();

/** A value as it is, but each text in it as one line; the names, too. */
export function shownValue<T>(value: T): T {
  if (typeof value === "string") return shownLine(value) as T;
  if (Array.isArray(value)) return value.slice(0, 1_000).map(shownValue) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 1_000)
      .map(([name, each]) => [shownLine(name, 100), shownValue(each)]),
  ) as T;
}
