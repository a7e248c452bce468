import { isWanted, type Page } from "../../domain/page";
import { get } from "../http";

/** Milliseconds for one answer. */
const patience = 3_000;

/**
 * Why a service does not serve at a URL; undefined if it does.
 *
 * @param url such as `https://192.168.56.10`
 * @param page answered as long as it is well
 */
export async function healthTrouble(url: string, page: Page): Promise<string | undefined> {
  const found = await get(`${url}${page.path}`, patience);
  if (!("error" in found))
    return isWanted(page, found.status, found.body)
      ? undefined
      : `${url}${page.path} has status ${found.status}`;
  if (found.late) return `${url} does not answer`;
  if (found.error.code === "ECONNREFUSED") return `${url} refuses connections`;
  return `${url} fails: ${found.error.message}`;
}
