/** Something that a user can mend: shown as its message alone. The message says what is wrong and the way out. */
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

/** Errors that only a defect of this program makes; everything else is somebody's to mend. */
const defects = [TypeError, ReferenceError, RangeError, SyntaxError];

/** What to show of an error: its message; of a defect all there is. */
export function shownError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect = defects.some((kind) => error instanceof kind) || error.name === "AssertionError";
  return isDefect ? `defect in ha-rancher: ${error.stack ?? error.message}` : error.message;
}
