/** What says through the VIP whether a service is there: a page below its URL. */
export interface Page {
  /** Such as `/ping`; empty if the URL is `tcp://HOST:PORT`, where taking a connection is the answer. */
  path: string;
  /** The whole answer; default: any. */
  body?: string;
  /** Default, or an empty list: any of 200 to 299, as where the agent asks on its node (node/agent/health.py). */
  status?: number[];
}

/** Whether an answer is one that the page wants. */
export function isWanted(page: Page, status: number | undefined, body: string): boolean {
  if (status === undefined || (page.body !== undefined && page.body !== body)) return false;
  return page.status?.length ? page.status.includes(status) : status >= 200 && status < 300;
}
