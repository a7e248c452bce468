/** A command as a person calls it: `npm run up -- --stack test --wait`. */
export function npmRun(command: string, stack: string, ...words: string[]): string {
  const own = [...(stack === "dev" ? [] : ["--stack", stack]), ...words];
  return ["npm run", command, ...(own.length > 0 ? ["--", ...own] : [])].join(" ");
}
