import { get } from "../https";

/** Milliseconds for one answer. */
const patience = 3_000;

/**
 * Why Rancher does not serve at a URL; undefined if it does. `/healthz` and not `/ping`: the latter says only that
 * its web server is there.
 *
 * @param url such as `https://192.168.56.10`
 */
export async function healthTrouble(url: string): Promise<string | undefined> {
  const found = await get(`${url}/healthz`, patience);
  if (!("error" in found))
    return found.status === 200 ? undefined : `${url}/healthz has status ${found.status}`;
  if (found.late) return `${url} does not answer`;
  if (found.error.code === "ECONNREFUSED") return `${url} refuses connections`;
  return `${url} fails: ${found.error.message}`;
}
