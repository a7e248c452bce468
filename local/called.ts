/*
 * How this program was called: by npm, or by its own name. Texts that name one of its commands name it so that a person can type
 * it as before. Only this file knows how; a test finds texts that name a command by hand. bootstrap.mjs sets the variable, and
 * what it starts inherits it: Pulumi's program, its providers and policies. Files, on nodes and here, say `npm run`, since nobody
 * knows who will read them.
 */

const npm = "npm run";

/** What stands before a command's name: `npm run`, `./ha-rancher`. */
const prefix = (): string => process.env.HA_RANCHER_CALLED_AS || npm;

/** Whether npm reads the command line first: then a command's own words stand behind ` -- `. */
const isNpms = (): boolean => prefix() === npm;

/** The program's own name, also where npm has called it: for what no npm script does. */
export const ownName = (): string => (isNpms() ? "./ha-rancher" : prefix());

/** A command as the person who called this one types it: `npm run up -- --wait`, `./ha-rancher up --wait`. */
export function callOf(command: string, ...words: readonly (string | number)[]): string {
  const separator = isNpms() && words.length > 0 ? ["--"] : [];
  return [prefix(), command, ...separator, ...words].join(" ");
}

/** Likewise, on a stack. */
export const callOn = (stack: string, command: string, ...words: readonly string[]): string =>
  callOf(command, ...(stack === "dev" ? [] : ["--stack", stack]), ...words);

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The calls in a text, between backticks: what each is of, with its words. */
const calls = (before: string): RegExp => new RegExp(`\`${literally(before)} ([a-z-]+)(?: ([^\`]*))?\``, "g");

/** Each call in a text made anew. */
const retold = (text: string, before: string, tell: (command: string, words: string[]) => string): string =>
  text.replaceAll(calls(before), (_, command: string, words?: string) => {
    const own = words?.replace(/^--( |$)/, "");
    return `\`${tell(command, own ? [own] : [])}\``;
  });

/** A text of a file, as a node's programs are: its calls are npm's. */
export const asCalled = (text: string): string =>
  isNpms() ? text : retold(text, npm, (command, words) => callOf(command, ...words));

/** A text with calls for `dev`, as verdicts have them, for another stack. */
export const forStack = (text: string, stack: string): string =>
  retold(text, prefix(), (command, words) =>
    words[0]?.includes("--stack") ? callOf(command, ...words) : callOn(stack, command, ...words),
  );
