import { get } from "../http";

/** Milliseconds for one answer. */
const patience = 3_000;

/**
 * Why a service does not serve at a URL; undefined if it does.
 *
 * @param url such as `https://192.168.56.10`
 * @param path of the page that answers 200 as long as it is well
 */
export async function healthTrouble(url: string, path: string): Promise<string | undefined> {
  const found = await get(`${url}${path}`, patience);
  if (!("error" in found))
    return found.status === 200 ? undefined : `${url}${path} has status ${found.status}`;
  if (found.late) return `${url} does not answer`;
  if (found.error.code === "ECONNREFUSED") return `${url} refuses connections`;
  return `${url} fails: ${found.error.message}`;
}
