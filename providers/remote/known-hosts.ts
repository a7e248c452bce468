/** A line of known_hosts. It has the port only if that is not 22. */
export const knownHostsLine = (host: string, port: number, hostKey: string): string =>
  `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
