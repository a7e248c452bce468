import { type Mistake, mistake } from "../domain/mistake";
import { pathText } from "../domain/setting-path";

/*
 * Characters that are in no setting: what nobody sees, what turns the direction of a text or looks like a blank, and what
 * is half a character. Line breaks are for keys and certificates, and each other setting refuses them.
 */
const unseen =
  /(?![\n\r\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uFFFD-\uFFFF]|(?! )\p{Zs}/u;

function mistakeIn(text: string, path: readonly PropertyKey[]): Mistake[] {
  const found = unseen.exec(text);
  if (!found) return [];
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return [mistake(pathText(path), `has a character that nobody sees (U+${code})`, "type it anew")];
}

/** Every text in settings, names too, that has such a character. */
export function unseenMistakes(value: unknown, path: readonly PropertyKey[] = []): Mistake[] {
  if (typeof value === "string") return mistakeIn(value, path);
  if (Array.isArray(value)) return value.flatMap((each, i) => unseenMistakes(each, [...path, i]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const inner = [...path, name];
    return [...mistakeIn(name, inner), ...unseenMistakes(each, inner)];
  });
}
