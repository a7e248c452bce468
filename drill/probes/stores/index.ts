import { KeyStore } from "./keys";
import { PostgresStore } from "./postgres";
import type { Store } from "./store";

export type { Outcome, Store } from "./store";

/**
 * The store at a place.
 *
 * @param place `postgres://USER@HOST[:PORT]/DATABASE`, with the password in PGPASSWORD; or the URL of a service with the
 *   key-value API of the lab's stand-in for Rancher
 * @param run the name of the series
 */
export const storeAt = (place: string, run: string): Store =>
  isPostgres(place) ? new PostgresStore(place, run) : new KeyStore(place, run);

const isPostgres = (place: string): boolean => /^postgres(ql)?:/.test(place);
