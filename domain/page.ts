/** What says through the VIP whether a service is there: a page below its URL. */
export interface Page {
  /** Such as `/ping`; empty if the URL is `tcp://HOST:PORT`, where taking a connection is the answer. */
  path: string;
  /** The whole answer; default: any. */
  body?: string;
  /** Default: 200 alone. */
  status?: number[];
}

/** Whether an answer is one that the page wants. */
export const isWanted = (page: Page, status: number | undefined, body: string): boolean =>
  (page.status ?? [200]).includes(status ?? 0) && (page.body === undefined || page.body === body);
