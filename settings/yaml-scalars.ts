import { Scalar } from "yaml";

/*
 * Which texts and numbers of a YAML file mean the same to Pulumi's parser (gopkg.in/yaml.v3: resolve.go, scannerc.go)
 * and to the one here.
 */

interface Why {
  rule: string;
  wayOut: string;
}

/** Numbers as Go and JavaScript write them back, so that what arrives is what stands there. */
const plainNumber = /^-?(0|[1-9]\d{0,14})(\.\d{0,9}[1-9])?$/;

/** Whatever somebody's YAML takes for a number: signs, other bases, exponents, underscores, base 60. */
const likeNumber =
  /^[-+]?(0[box][0-9a-f]*|0o?[0-7]+|\d[\d:]*(\.\d*)?(e[-+]?\d+)?|\.\d+(e[-+]?\d+)?|\.inf|\.nan)$/i;

/** Whatever somebody's YAML takes for a time. */
const likeTime = /^\d{4}-\d{1,2}-\d{1,2}([Tt\s]|$)/;

/** Words that are no texts in YAML 1.1 or 1.2. `yes`, `no`, `on` and `off` are texts for both parsers. */
const words = /^(~|null|true|false|[-+]?\.inf|\.nan|<<|=)$/i;

const inQuotes = "write it in quotes";

function plainMistake(source: string, value: unknown): Why | undefined {
  if (value === null) return { rule: "has no value", wayOut: "give it one, or remove it" };
  if (typeof value === "boolean")
    return source === "true" || source === "false"
      ? undefined
      : { rule: "must be written true or false", wayOut: `${inQuotes} if it is a text` };
  if (typeof value === "number")
    return plainNumber.test(source) && String(value) === source
      ? undefined
      : {
          rule: "must be a number in plain digits",
          wayOut: `Pulumi would read another value, or write it otherwise; ${inQuotes} if it is a text`,
        };
  const bare = source.replaceAll("_", "");
  return likeNumber.test(bare) || likeTime.test(source) || words.test(source) || /\t/.test(source)
    ? { rule: "must be in quotes", wayOut: "Pulumi would read a number, a time or another word there" }
    : undefined;
}

/** What double quotes may hold after a backslash: what both parsers know, and no half of a character. */
const escapes =
  /^(?:[^\\]|\\(?:[\\"abefnrtv0]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}))*$/;

/** A text without quotes in `[...]` or `{...}`, where the parsers disagree on colons and question marks. */
const plainInFlow = /^[\p{L}\p{N}_./+-](?:[^?:]|:[\p{L}\p{N}/])*$/u;

const blockWay = "or in a block that begins with `|`";

function quotedMistake(double: boolean, raw: string): Why | undefined {
  if (/[\r\n]/.test(raw)) return { rule: "must be on one line", wayOut: blockWay };
  return double && !escapes.test(raw.slice(1, -1))
    ? {
        rule: "has a backslash that Pulumi does not know",
        wayOut: "write `\\\\` for one, and whole characters as they are",
      }
    : undefined;
}

function formMistake(node: Scalar, raw: string, flow: boolean): Why | undefined {
  if (node.type === Scalar.PLAIN) {
    if (/[\r\n]/.test(raw)) return { rule: "must be on one line", wayOut: blockWay };
    return flow && raw !== "" && !plainInFlow.test(raw)
      ? { rule: "must be in quotes", wayOut: "between brackets Pulumi would read something else" }
      : plainMistake(node.source ?? raw, node.value);
  }
  if (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE)
    return quotedMistake(node.type === Scalar.QUOTE_DOUBLE, raw);
  if (!raw.endsWith("\n"))
    return { rule: "must end with a line break", wayOut: "add one at the end of the file" };
  return /^\|[-+]?[ ]*(#|\r?\n)/.test(raw)
    ? undefined
    : { rule: "must be a block that begins with `|`, `|-` or `|+`", wayOut: "or a text in quotes" };
}

/**
 * Why a scalar is refused; undefined if both parsers read the same.
 *
 * @param raw as it stands in the file
 * @param flow whether it is in `[...]` or `{...}`
 */
export const whyRead = (node: Scalar, raw: string, flow: boolean): Why | undefined =>
  formMistake(node, raw, flow) ??
  // Pulumi writes a file anew before it reads it, and loses line breaks there.
  (typeof node.value === "string" && /^\s*\n/.test(node.value)
    ? { rule: "must not begin with a line break", wayOut: "Pulumi would lose it" }
    : undefined);

/** Characters that show nothing, turn the direction of a text, or end a line for Pulumi's parser alone. */
const unseen = /(?!\r\n|[\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFD-\uFFFF]/u;

/** What is wrong with a file's text before anything is read; undefined if nothing is. */
export function textMistake(text: string): (Why & { line: number }) | undefined {
  const lineAt = (index: number): number => text.slice(0, index).split("\n").length;
  const directive = /^%/m.exec(text);
  if (directive) return { line: lineAt(directive.index), rule: "has a directive (`%`)", wayOut: "remove it" };
  const tab = /^ *\t/m.exec(text);
  if (tab)
    return { line: lineAt(tab.index), rule: "is not YAML", wayOut: "indent with blanks, not with tabs" };
  const found = unseen.exec(text);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return {
    line: lineAt(found.index),
    rule: `has a character that nobody sees or that is broken (U+${code})`,
    wayOut: "remove it, and keep the file as UTF-8",
  };
}
