/** A command as a person calls it: `npm run up -- --stack test --wait`. */
export function npmRun(command: string, stack: string, ...words: string[]): string {
  const own = [...(stack === "dev" ? [] : ["--stack", stack]), ...words];
  return ["npm run", command, ...(own.length > 0 ? ["--", ...own] : [])].join(" ");
}

/** A text with commands for `dev`, as verdicts have them, for another stack. */
export const forStack = (text: string, stack: string): string =>
  text.replaceAll(/`npm run ([a-z-]+)(?: -- ([^`]*))?`/g, (whole, command: string, words?: string) =>
    words?.includes("--stack") ? whole : `\`${npmRun(command, stack, ...(words ? [words] : []))}\``,
  );
