const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns Ctrl-C, and signals like it, into an AbortSignal. Each one says what is going on.
 *
 * @returns the signal, and what gives the signals their usual effect again
 */
export function interruptible(say: (line: string) => void): { signal: AbortSignal; end: () => void } {
  const abort = new AbortController();
  const stop = (): void => {
    say(
      abort.signal.aborted
        ? "still taking back what was done; please wait"
        : "taking back what was done; the drill ends then",
    );
    abort.abort();
  };
  for (const name of signals) process.on(name, stop);
  return {
    signal: abort.signal,
    end: () => {
      for (const name of signals) process.removeListener(name, stop);
    },
  };
}
