import { FolderStore } from "./folder";
import { KeyStore } from "./keys";
import { parsePlace, passwordVariable, type Scheme } from "./place";
import { PostgresStore } from "./postgres";
import { RancherStore } from "./rancher";
import { RedisStore } from "./redis";
import type { Store } from "./store";

export type { Outcome, Store } from "./store";

type Open = (url: URL, run: string, password: string | undefined) => Store;

const kinds: Record<Scheme, Open> = {
  postgres: (url, run, password) => new PostgresStore(url, run, password),
  redis: (url, run, password) => new RedisStore(url, run, password),
  http: (url, run, password) => new FolderStore(url, run, password),
  https: (url, run, password) => new FolderStore(url, run, password),
  rancher: (url, run, password) => new RancherStore(url, run, password),
  keys: (url, run) => new KeyStore(`https://${url.host}`, run),
};

/**
 * The store at a place (place.ts). The password is that of its user, in the variable {@link passwordVariable}.
 *
 * @param run the name of the series
 * @throws Error if it is no place
 */
export function storeAt(place: string, run: string, password = process.env[passwordVariable]): Store {
  const { scheme, url } = parsePlace(place);
  return kinds[scheme](url, run, password);
}
