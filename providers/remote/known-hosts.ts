/** A line of known_hosts, which names the port only if it is not 22. */
export const knownHostsLine = (host: string, port: number, hostKey: string): string =>
  `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
