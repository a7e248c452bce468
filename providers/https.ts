import { request } from "node:https";

/** What came of one question: an answer, or why there is none; `late` is that there was none in time. */
export type Answered =
  | { status: number | undefined; body: string }
  | { error: NodeJS.ErrnoException; late: boolean };

/** As much of an answer as anybody wants to see. */
const longest = 100;

/**
 * Asks a service once, over a connection of its own. The certificate is not checked: Rancher makes its own, which nobody
 * has signed, and the question is only whether, and what, it answers.
 *
 * @param timeout milliseconds
 */
export async function get(url: string, timeout: number): Promise<Answered> {
  return await new Promise((resolve) => {
    const limit = AbortSignal.timeout(timeout);
    const failed = (error: NodeJS.ErrnoException): void => resolve({ error, late: limit.aborted });
    const asked = request(url, { rejectUnauthorized: false, agent: false, signal: limit }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body = (body + text).slice(0, longest);
      });
      response.on("error", failed);
      response.on("end", () => resolve({ status: response.statusCode, body: body.trim() }));
    });
    asked.on("error", failed);
    asked.end();
  });
}
