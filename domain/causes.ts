/** What a log says when a start fails, and what it means, with the way out. */
export interface Cause {
  /** A regular expression; upper and lower case are the same. */
  pattern: string;
  meaning: string;
}

/** What was logged, with the likely cause behind it if one is known: the first that fits. */
export function withLikelyCause(log: string, causes: readonly Cause[]): string {
  const cause = causes.find(({ pattern }) => new RegExp(pattern, "i").test(log));
  return `${log.trim()}${cause ? `\nLikely cause: ${cause.meaning}.` : ""}`;
}
