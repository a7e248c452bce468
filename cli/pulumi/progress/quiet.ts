/*
 * What Pulumi, and programs that it runs, say on every run and tells nobody anything, or advises what would do harm
 * here: its locks and records are this program's affair.
 */

const noise: readonly RegExp[] = [
  /^@ (updating|destroying|refreshing|previewing)\.*$/,
  // systemd, at each enabling of a unit.
  /^(Created symlink|Removed) ["'“]?\/\S*systemd\//,
  // Docker, layer by layer.
  /^\S+: Pulling from [\w./:-]+$/,
  /^[0-9a-f]{12}: (Pulling fs layer|Waiting|Verifying Checksum|Already exists|Download complete|Pull complete|(Downloading|Extracting) .*)$/,
  /^(Digest: sha256:\w+|Status: (Downloaded newer image|Image is up to date) for \S+)$/,
  // The end of what was told already, with its reason.
  /^(update|preview|destroy|refresh) failed$/,
  // A look at what exists comes first after a run that was killed: deploy.ts says so.
  /^Attempting to deploy or update resources with \d+ pending operations/,
  /interrupted while (creating|updating|deleting|reading|importing)$/,
  /^These resources are in an unknown state because the Pulumi CLI was interrupted/,
  /^(You can|Please|If you want to) .*`?pulumi (cancel|refresh|stack rm|stack export|state delete)/,
  /^The resources in the stack have been deleted, but the history and configuration/,
  /^If you want to remove the stack completely, run/,
];

const isNoise = (line: string): boolean => noise.some((pattern) => pattern.test(line.trim()));

/** Another run has taken the stack between our look and Pulumi's. Pulumi advises to delete its lock. */
const locked = /the stack is currently locked by \d+ lock/;

/** How the lines begin that follow such a message: a list of locks, and the advice. */
const lockDetail = /^\s*(file|s3|gs|azblob):\/\/\S*\/locks\/|or delete the lock file with/;

/**
 * What is worth to be shown of a message, line by line.
 *
 * @returns undefined if nothing is
 */
export function quiet(message: string): string | undefined {
  const lines = message
    .split(/\r?\n/)
    .filter((line) => locked.test(line) || !(isNoise(line) || lockDetail.test(line)));
  const shown = lines.map((line) =>
    locked.test(line)
      ? "another run of Pulumi has taken the stack just now: with `--wait` this command waits for it"
      : line.replace(/^(error|warning): (error|warning): /, "$1: "),
  );
  const text = shown
    .join("\n")
    .replaceAll(/\n{2,}/g, "\n")
    .trim();
  return text === "" ? undefined : text;
}
