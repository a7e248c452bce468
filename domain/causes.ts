/** What a log says when a start fails, and what it means, with the way out. */
export interface Cause {
  /** A regular expression; upper and lower case are the same. */
  pattern: string;
  meaning: string;
}

/** What a log means: the first cause that fits; undefined: none is known. */
export const likelyCause = (log: string, causes: readonly Cause[]): string | undefined =>
  causes.find(({ pattern }) => new RegExp(pattern, "i").test(log))?.meaning;

/** What was logged, with the likely cause behind it if one is known. */
export function withLikelyCause(log: string, causes: readonly Cause[]): string {
  const cause = likelyCause(log, causes);
  return `${log.trim()}${cause ? `\nLikely cause: ${cause}.` : ""}`;
}
