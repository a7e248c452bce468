interface Watcher {
  count?: number;
}

/**
 * How many listeners the package signal-exit (versions 3 and 4, used by proper-lockfile and listr2) has on each signal.
 * They clean up and, if there is no other listener, end the process.
 */
export function exitWatchers(): number {
  const known = [
    (process as { __signal_exit_emitter__?: Watcher }).__signal_exit_emitter__,
    (globalThis as Record<symbol, Watcher | undefined>)[Symbol.for("signal-exit emitter")],
  ];
  return known.reduce((sum, watcher) => sum + (watcher?.count ?? 0), 0);
}
