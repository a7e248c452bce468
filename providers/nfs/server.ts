/** The interface of a server of exports, so that an export need not know which one serves it. */
export interface NfsServer {
  /**
   * Exports an existing directory to the clients alone, or changes an existing export. Returns when the server serves
   * it.
   */
  publish(wanted: Definition): Promise<Published>;
  /** Ends an export, if there is one. Returns when the server no longer serves it. */
  withdraw(name: string, directory: string): Promise<void>;
  /**
   * The clients that an export is served to, by the server's configuration and, as far as it says it, by itself; none if the
   * configuration is not what `publish` wrote; undefined if there is no such export.
   */
  look(expected: Definition & Published): Promise<string[] | undefined>;
}

export interface Definition {
  /** Unique on the server; letters, digits and `._-`. */
  name: string;
  /** Absolute path of an existing folder. */
  directory: string;
  /** IPv4 addresses. */
  clients: string[];
}

export interface Published {
  /** What clients mount: `ADDRESS:path`. */
  path: string;
  /** The server's number for the export; 0 if it has none. */
  exportId: number;
}
