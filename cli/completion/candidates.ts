import { readFileSync } from "node:fs";
import type { Argument, Command, Option } from "commander";
import { settingsText } from "../../settings/stack-file";
import { stackFile, writtenStacks } from "../../stack/stack-file";

/** What may stand at a place of a command line. */
export interface Candidate {
  word: string;
  /** What it is, for shells that show it. */
  about: string;
}

/** Candidates, or that a file's name is expected, which the shell knows best. */
export type Candidates = Candidate[] | "files";

/** What the words of a command line so far say. */
interface Context {
  command: Command;
  /** The value of `--stack`. */
  stack: string;
}

const plain = (words: readonly string[], about = ""): Candidate[] => words.map((word) => ({ word, about }));

/** The nodes in a stack's file; none if it cannot be read. */
function nodesOf(stack: string): Candidate[] {
  try {
    const file = stackFile(stack);
    const { nodes = "[]" } = settingsText(readFileSync(file, "utf8"), file);
    return (JSON.parse(nodes) as { name?: string; address?: string }[]).flatMap(({ name, address = "" }) =>
      name ? [{ word: name, about: address }] : [],
    );
  } catch {
    return [];
  }
}

const layers = async (): Promise<Candidate[]> =>
  plain((await import("../test/layers.js")).layers.map(({ name }) => name));

const faults = async (): Promise<Candidate[]> =>
  (await import("../../drill/faults/index.js")).faults.map(({ name, what }) => ({ word: name, about: what }));

const secrets = async (): Promise<Candidate[]> =>
  plain((await import("../actions/rotate-ways.js")).secretNames);

type Source = (context: Context) => Candidates | Promise<Candidates>;

/** What stands for an argument, or for the value of an option, by its name. Nothing is known of any other. */
const sources: Record<string, Source> = {
  node: ({ stack }) => nodesOf(stack),
  nodes: ({ stack }) => nodesOf(stack),
  secret: async ({ stack }) => [...nodesOf(stack), ...(await secrets())],
  stack: () => plain(writtenStacks()),
  file: () => "files",
  layers,
  fault: faults,
  "key-file": () => "files",
  to: () => "files",
  report: () => "files",
  rewrite: () => "files",
  compare: () => "files",
};

/** `new-stack --node` wants a node that is not there yet. */
const isNew = ({ command }: Context, name: string): boolean =>
  command.name() === "new-stack" && name === "node";

async function valuesOf(context: Context, name: string, choices?: readonly string[]): Promise<Candidates> {
  if (choices) return plain(choices);
  return isNew(context, name) ? [] : ((await sources[name]?.(context)) ?? []);
}

const optionOf = (command: Command, word: string): Option | undefined =>
  command.options.find(({ long, short }) => word === long || word === short);

const takesValue = (option: Option | undefined): boolean =>
  option?.required === true || option?.optional === true;

/** The words that are arguments: no options, and no values of such. */
function argumentsAmong(command: Command, words: readonly string[]): string[] {
  return words.filter(
    (word, i) => !word.startsWith("-") && !takesValue(optionOf(command, words[i - 1] ?? "")),
  );
}

function argumentAt(command: Command, place: number): Argument | undefined {
  const all = command.registeredArguments;
  const last = all.at(-1);
  return all[place] ?? (last?.variadic ? last : undefined);
}

function stackAmong(command: Command, words: readonly string[]): string {
  const i = words.findIndex((word) => optionOf(command, word)?.long === "--stack");
  const fallback = command.options.find(({ long }) => long === "--stack")?.defaultValue as string | undefined;
  return (i < 0 ? undefined : words[i + 1]) ?? fallback ?? "dev";
}

const optionsOf = (command: Command): Candidate[] => [
  ...command.options.flatMap(({ long, description, hidden }) =>
    long && !hidden ? [{ word: long, about: description }] : [],
  ),
  { word: "--help", about: "how to call it" },
];

async function candidatesOf(
  command: Command,
  words: readonly string[],
  current: string,
): Promise<Candidates> {
  const context = { command, stack: stackAmong(command, words) };
  const before = optionOf(command, words.at(-1) ?? "");
  if (before && takesValue(before)) return await valuesOf(context, before.name(), before.argChoices);
  if (current.startsWith("-")) return optionsOf(command);
  const argument = argumentAt(command, argumentsAmong(command, words).length);
  return argument
    ? await valuesOf(context, argument.name().replace(/[<>|].*/g, ""), argument.argChoices)
    : [];
}

/**
 * What may follow on a command line.
 *
 * @param words those after the program's name; the last one is being typed, and may be empty
 */
export async function candidates(program: Command, words: readonly string[]): Promise<Candidates> {
  const [name = "", ...rest] = words;
  if (rest.length === 0) {
    const all = program.createHelp().visibleCommands(program);
    const commands = all.map((each) => ({ word: each.name(), about: each.description() }));
    return commands.filter(({ word }) => word.startsWith(name));
  }
  const command = program.commands.find((each) => each.name() === name);
  if (!command) return [];
  const current = rest.at(-1) ?? "";
  const found = await candidatesOf(command, rest.slice(0, -1), current);
  return found === "files" ? found : found.filter(({ word }) => word.startsWith(current));
}
