import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar } from "yaml";
import type { Mistake } from "../domain/mistake";
import { type PathPart, pathText } from "../domain/setting-path";
import { shownLine } from "../domain/shown-text";
import { SettingsError } from "./error";
import { textMistake, whyRead } from "./yaml-scalars";

/*
 * Reads YAML that Pulumi reads the same way. Pulumi's parser (gopkg.in/yaml.v3) knows much of YAML 1.1, the one here is
 * of YAML 1.2. What they read differently, and what no stack's file needs, is refused, so that what is checked here is
 * what the program gets. A test compares both on everything that is accepted.
 */

/** Of a file, in characters. A stack of ten hosts with encrypted keys and a certificate has half of it. */
const longest = 128 * 1024;
const mostLines = 5_000;
/** Characters that may begin something in YAML: each costs its parser more than a hundred letters do. */
const mostMarks = 20_000;
/** Lists and settings by name inside each other. The settings need seven. */
const deepest = 20;

/** A YAML file's content, and in which line each part of it stands. */
interface ReadYaml {
  /** Without what could not be read. */
  content: unknown;
  /** What could not be read, each with its line. */
  mistakes: Mistake[];
  /** The line, from 1, of the value at a path; of what is around it if there is none. */
  lineOf: (path: readonly PathPart[]) => number | undefined;
}

interface Walk {
  lines: LineCounter;
  written: string;
  mistakes: Mistake[];
  byPath: Map<string, number>;
  /** Whether what is read stands in `[...]` or `{...}`. */
  inFlow: boolean;
}

const keyOf = (path: readonly PathPart[]): string => JSON.stringify(path);

/** Path as people write it: a stack's settings are named without `config` and their namespace. */
function settingPath(path: readonly PathPart[]): string {
  const [top, second, ...rest] = path;
  if (top !== "config" || typeof second !== "string") return pathText(path);
  return pathText([second.replace(/^ha-rancher:/, ""), ...rest]);
}

function refuse(walk: Walk, path: readonly PathPart[], at: number, rule: string, wayOut: string): undefined {
  const line = walk.lines.linePos(at).line;
  walk.mistakes.push({ path: settingPath(path) || "config", line, rule, wayOut });
  return undefined;
}

function scalarValue(node: Scalar, path: readonly PathPart[], walk: Walk): unknown {
  const [start = 0, end = 0] = node.range ?? [];
  const raw = walk.written.slice(start, end);
  // `config:` and nothing is no settings, for Pulumi too.
  if (path.length === 1 && path[0] === "config" && node.value === null) return null;
  const why = whyRead(node, raw, walk.inFlow);
  return why ? refuse(walk, path, start, why.rule, why.wayOut) : node.value;
}

/** The name of a setting; undefined if it cannot be one. */
function nameOf(key: unknown, path: readonly PathPart[], walk: Walk, at: number): string | undefined {
  if (!isScalar(key))
    return refuse(walk, path, at, "has a name that is no text", "write each as `name: value`");
  const after = key.range?.[1] ?? 0;
  if (walk.inFlow && key.type === Scalar.PLAIN && !/^ *:\s/.test(walk.written.slice(after, after + 100)))
    return refuse(walk, path, at, "needs a blank after each colon", "or each name in quotes");
  const name = scalarValue(key, path, walk);
  if (name === undefined) return undefined;
  if (typeof name !== "string" || name === "<<")
    return refuse(walk, path, at, "has a name that is no text", "write it in quotes, or remove it");
  return name;
}

function tableValue(node: Node, path: readonly PathPart[], walk: Walk, depth: number): object {
  const found = new Map<string, unknown>();
  for (const { key, value } of isMap(node) ? node.items : []) {
    const at = (key as Node | null)?.range?.[0] ?? node.range?.[0] ?? 0;
    const name = nameOf(key, path, walk, at);
    if (name === undefined) continue;
    const inner = [...path, name];
    if (found.has(name)) refuse(walk, inner, at, "is given twice", "remove one of them");
    walk.byPath.set(keyOf(inner), walk.lines.linePos(at).line);
    found.set(name, valueAt(value as Node | null, inner, walk, depth, at));
  }
  // An object without a prototype: `__proto__` is a name like any other.
  return Object.assign(Object.create(null) as object, Object.fromEntries(found));
}

function valueAt(
  node: Node | null,
  path: readonly PathPart[],
  walk: Walk,
  depth: number,
  around: number,
): unknown {
  const at = node?.range?.[0] ?? around;
  if (depth > deepest)
    return refuse(walk, path.slice(0, 3), at, `is nested deeper than ${deepest}`, "no setting is");
  if (node && !isAlias(node) && node.anchor === undefined && node.tag === undefined) {
    const inside = { ...walk, inFlow: walk.inFlow || (node as { flow?: boolean }).flow === true };
    if (isMap(node)) return tableValue(node, path, inside, depth + 1);
    if (isSeq(node))
      return node.items.map((each, i) => {
        const inner = [...path, i];
        const place = (each as Node | null)?.range?.[0] ?? at;
        walk.byPath.set(keyOf(inner), walk.lines.linePos(place).line);
        return valueAt(each as Node | null, inner, inside, depth + 1, place);
      });
    if (isScalar(node)) return scalarValue(node, path, walk);
  }
  return refuse(
    walk,
    path,
    at,
    "must be written without anchors, aliases and tags (`&`, `*`, `!`)",
    "write the value itself, in quotes if it begins with one of them",
  );
}

/** A file that is refused as a whole: for one thing, at one line. */
const wholly = (named: string, line: number | undefined, rule: string, wayOut: string): SettingsError =>
  new SettingsError([{ path: "", subject: named, line, rule, wayOut }]);

const isTooLarge = (written: string): boolean =>
  written.length > longest ||
  (written.match(/\n/g)?.length ?? 0) > mostLines ||
  (written.match(/[[\]{},&*!?:-]/g)?.length ?? 0) > mostMarks;

/** What YAML's parser says, as the rest of one short sentence. */
const parserWords = (message: string): string =>
  /call stack/.test(message)
    ? "it is nested too deep"
    : shownLine(message.split("\n")[0] ?? "", 160).replace(/ at line \d+, column \d+:?$/, "");

function parsed(written: string, named: string, lines: LineCounter) {
  try {
    return parseDocument(written, {
      version: "1.2",
      lineCounter: lines,
      prettyErrors: false,
      // Looked at here: the parser compares each name with each other.
      uniqueKeys: false,
    });
  } catch (error) {
    // Whatever the parser stumbles over is the file's: a RangeError at brackets within brackets.
    throw wholly(named, undefined, "is not YAML", parserWords(String(error)));
  }
}

/**
 * Reads the text of a YAML file.
 *
 * @param named how messages call the file
 * @throws SettingsError if it is no YAML at all; parts that Pulumi may read in another way are among `mistakes`
 */
export function readYaml(written: string, named: string): ReadYaml {
  if (isTooLarge(written))
    throw wholly(
      named,
      undefined,
      `must have at most ${longest / 1024} KiB, ${mostLines} lines and ${mostMarks} marks of YAML`,
      "no stack needs more",
    );
  const text = written.replace(/^\uFEFF/, "");
  const bad = textMistake(text);
  if (bad) throw wholly(named, bad.line, bad.rule, bad.wayOut);
  const lines = new LineCounter();
  const document = parsed(text, named, lines);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem)
    throw wholly(named, lines.linePos(problem.pos[0]).line, "is not YAML", parserWords(problem.message));
  const walk: Walk = { lines, written: text, mistakes: [], byPath: new Map(), inFlow: false };
  const content = document.contents && contentOf(document.contents, walk);
  return {
    content,
    mistakes: walk.mistakes,
    lineOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const line = walk.byPath.get(keyOf(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return undefined;
    },
  };
}

/** The whole content. Nothing at all is no settings. */
const contentOf = (node: Node, walk: Walk): unknown =>
  isScalar(node) && node.value === null && node.type === Scalar.PLAIN && node.source === ""
    ? null
    : valueAt(node, [], walk, 0, 0);
