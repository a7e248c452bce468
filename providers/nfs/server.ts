/** What serves exports: the one place that says how, so that an export need not know by whom it is served. */
export interface NfsServer {
  /**
   * Exports a directory that exists to the clients and to nobody else, or changes an export that is there; returns
   * when the server serves it.
   */
  publish(wanted: Definition): Promise<Published>;
  /** Ends an export, if there is one; returns when the server serves it no more. */
  withdraw(name: string, directory: string): Promise<void>;
  /**
   * The clients that the server's configuration lets in; none if that configuration is not what `publish` wrote;
   * undefined if there is no such export.
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
  /** The server's number for the export; 0 where it has none. */
  exportId: number;
}
