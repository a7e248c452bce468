import type { Page } from "../../domain/page";

/** Answered as soon as Rancher's web server is there. */
export const answers: Page = { path: "/ping", body: "pong" };

/** Answered as long as Rancher is well, and not only its web server. */
export const healthy: Page = { path: "/healthz" };

/** Answered without a login, and read from the datastore: the certificates that agents ask for. */
export const deep: Page = { path: "/v3/settings/cacerts" };

/** `https://NAME[:PORT]`, where Rancher's users find it. */
export const serverUrl = (host: string, httpsPort: number): string =>
  `https://${host}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
