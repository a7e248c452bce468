import { Failure } from "../../local/errors";
import { secondsOf } from "./lines";

/** Seconds that `--since` goes back. @throws Failure with code 2 */
export function sinceSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined)
    throw new Failure(
      `\`--since\` must be a time such as 90s, 10m, 2h or 1d, not ${JSON.stringify(text)}`,
      2,
    );
  return seconds;
}
