/**
 * Whoever read our output is gone, as in `ha-rancher sbom | head -1`. Nothing more is printed then. What a command does
 * goes on to its end, and its exit code stays true: an `up` is not left half done because somebody had read enough.
 * What only prints, and has no end of its own, asks {@link readerIsGone}.
 */
let gone = false;

/** Whether nobody reads what this process prints. */
export const readerIsGone = (): boolean => gone;

/** Lets writes to a pipe that nobody reads go nowhere, instead of ending the process with a stack; other errors stay. */
export function outliveReaders(): void {
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      gone ||= output === process.stdout;
    });
  }
}
