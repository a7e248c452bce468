import { request } from "node:https";

/** Milliseconds for one answer. */
const patience = 3_000;

/**
 * Why Rancher does not serve at a URL; undefined if it does. `/healthz` and not `/ping`: the latter says only that
 * its web server is there. The certificate is not checked: by default Rancher makes its own.
 *
 * @param url such as `https://192.168.56.10`
 */
export async function healthTrouble(url: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const limit = AbortSignal.timeout(patience);
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve(
        limit.aborted
          ? `${url} does not answer`
          : error.code === "ECONNREFUSED"
            ? `${url} refuses connections`
            : `${url} fails: ${error.message}`,
      );
    const options = { rejectUnauthorized: false, agent: false, signal: limit };
    const asked = request(`${url}/healthz`, options, (response) => {
      response.resume();
      response.on("error", failed);
      response.on("end", () =>
        resolve(response.statusCode === 200 ? undefined : `${url}/healthz has status ${response.statusCode}`),
      );
    });
    asked.on("error", failed);
    asked.end();
  });
}
