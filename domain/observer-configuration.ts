/** What a node's observer is told (node/agent/observer/setup.py). */
export interface ObserverConfiguration {
  /** Which stack this is, for metrics: letters, digits, dots, dashes and underscores. */
  stack: string;
  /** Scheduled backups: the folder of a node, and when systemd makes them. */
  backup?: { directory: string; schedule: string } | undefined;
  /** Where the service shows its certificate, `HOST:PORT`; undefined: it has none. */
  certificate?: string | undefined;
}

/** The unit of the observer: the agent's wants it. */
export const observerUnit = "ha-rancher-observer.service";

const hour = 3_600;

/** Seconds after which a backup is old, by systemd's short words: two intervals, and an hour. */
const limits: Record<string, number> = {
  hourly: 3 * hour,
  daily: 49 * hour,
  weekly: (14 * 24 + 1) * hour,
  monthly: (62 * 24 + 1) * hour,
};

/** Of a calendar event in another form nobody here knows the interval: longer than a week is taken for forgotten. */
const otherLimit = 8 * 24 * hour;

/** Where a page is asked for over TLS; undefined: it is not. */
export function certificatePlace(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  return protocol === "https:" ? `${hostname}:${port || "443"}` : undefined;
}

/** observer.json of a node. */
export function observerConfiguration({ stack, backup, certificate }: ObserverConfiguration): string {
  const told = {
    stack,
    ...(backup && {
      backup: { directory: backup.directory, limit: limits[backup.schedule] ?? otherLimit },
    }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  return `${JSON.stringify(told, undefined, 2)}\n`;
}
