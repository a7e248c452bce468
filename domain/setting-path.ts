import { shownLine } from "./shown-text";

/** A part of a setting's path: its name, or its place in a list. */
export type PathPart = string | number;

/** A name that can be shown as it is. */
const plain = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const longestShown = 80;

/** As much of a name as a sentence bears, without what would not be seen. */
const shownName = (name: string): string =>
  plain.test(name) && name.length <= longestShown
    ? name
    : shownLine(name, longestShown).replaceAll("`", "'") || '""';

/** `nodes[1].address` for ["nodes", 1, "address"]; names that nobody would choose are cut short and without backticks. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part, i) => {
      if (typeof part === "number") return `[${part}]`;
      return (i ? "." : "") + shownName(String(part));
    })
    .join("");

/** The parts of a path as {@link pathText} writes it: `["nodes", 1, "address"]` for `nodes[1].address`. */
export const partsOfPath = (path: string): PathPart[] =>
  (path.match(/\[\d*\]|[^.[\]]+/g) ?? []).map((part) =>
    /^\[\d+\]$/.test(part) ? Number(part.slice(1, -1)) : part,
  );
