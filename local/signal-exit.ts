interface Watcher {
  count?: number;
}

/**
 * How many listeners the package signal-exit (versions 3 and 4; proper-lockfile and listr2 bring it) has on each
 * signal. They clean up and then end the process if they are alone: they do not mean to survive a signal.
 */
export function exitWatchers(): number {
  const known = [
    (process as { __signal_exit_emitter__?: Watcher }).__signal_exit_emitter__,
    (globalThis as Record<symbol, Watcher | undefined>)[Symbol.for("signal-exit emitter")],
  ];
  return known.reduce((sum, watcher) => sum + (watcher?.count ?? 0), 0);
}
