/**
 * How the agent asks on its node whether the service is well, in the form of service.json (node/agent/configuration.py):
 * a page, a port that takes connections, a command in the container that ends with 0, or a line of the container's log.
 * 127.0.0.1 is the node.
 */
export type Question = { deep?: boolean } & (
  | {
      /** `http://` or `https://`; the certificate is not looked at. */
      url: string;
      /** What it answers while the service is well; default: any of 200 to 299. */
      status?: number[];
    }
  | {
      /** `HOST:PORT`. */
      tcp: string;
    }
  | {
      command: string[];
      /** Which one's, where there are several; default: the main one's. */
      container?: string;
    }
  | {
      /** Part of a line that it writes once it serves: looked for since its last start. */
      log: string;
      container?: string;
    }
);
