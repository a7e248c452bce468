/** An error that a user can repair. Only its message is shown; it says what is wrong and the way out. */
export class Failure extends Error {
  constructor(
    message: string,
    /** The command's exit code: 1 unless it is a mistake in the call (2) or an interruption (130). */
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "Failure";
  }
}

/** What was thrown, in words: an error's message, or anything else as text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Errors that only a defect of this program causes. A user can repair the causes of all others. */
const defects = [TypeError, ReferenceError, RangeError, SyntaxError];

/** The text to show for an error: its message, or for a defect the whole stack trace. */
export function shownError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect = defects.some((kind) => error instanceof kind) || error.name === "AssertionError";
  return isDefect ? `defect in ha-rancher: ${error.stack ?? error.message}` : error.message;
}
