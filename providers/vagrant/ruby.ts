import type { Setting } from "./fields";

const named: Record<string, string> = { '"': '\\"', "\\": "\\\\", "#": "\\#", "\n": "\\n", "\t": "\\t" };

/**
 * A Ruby string literal with exactly this text; all text in a Vagrantfile is written with it. Quotes, backslashes and
 * `#` (interpolation) are escaped. Everything except printable ASCII is written as `\u{...}`, so the literal is one
 * line of ASCII. Half a surrogate pair is no valid text and becomes U+FFFD.
 */
export function rubyString(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const known = named[character];
    if (known) return known;
    if (code >= 0x20 && code < 0x7f) return character;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    return `\\u{${(surrogate ? 0xfffd : code).toString(16)}}`;
  });
  return `"${escaped.join("")}"`;
}

/** A Ruby literal with exactly this value; keys of tables become strings. */
export function rubyValue(value: Setting): string {
  if (typeof value === "string") return rubyString(value);
  if (Array.isArray(value)) return `[${value.map(rubyValue).join(", ")}]`;
  if (typeof value === "object")
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${rubyString(key)} => ${rubyValue(each)}`)
      .join(", ")} }`;
  return String(value);
}

/** The options of a call: `, key: value, ...`. Undefined ones are left out. Keys are Ruby names. */
export const rubyOptions = (options: Record<string, Setting | undefined>): string =>
  Object.entries(options)
    .flatMap(([key, value]) => (value === undefined ? [] : [`, ${key}: ${rubyValue(value)}`]))
    .join("");
