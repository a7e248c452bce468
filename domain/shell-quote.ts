/**
 * Quotes a text so that a POSIX shell takes it as one word, unchanged. Words of harmless characters stay as
 * they are, so that commands remain readable in logs.
 *
 * @throws if the text holds a null byte (no argument of a program can) or half a surrogate pair (not UTF-8)
 */
export function shellQuote(text: string): string {
  if (text.includes("\0")) throw new Error("a text with a null byte cannot be given to a shell: remove it");
  if (/\p{Surrogate}/u.test(text))
    throw new Error("a text with half a surrogate pair cannot be written as UTF-8: remove it");
  if (/^[\w/.:@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
