/** Options of commands that would ask at a terminal. */
export const unasked = (command: string): string[] =>
  ["down", "restore"].includes(command) ? ["--yes"] : [];
