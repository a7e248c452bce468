import { Agent } from "node:https";
import { clock } from "../../local/clock";
import { send } from "../../providers/http";

/** One request to the service. */
export interface HttpsRequest {
  /** Monotonic milliseconds. */
  sent: number;
  answered: number;
  /** Whether the answer had status 200. */
  ok: boolean;
  /** The status, an error's code, or `timeout`. */
  why: string;
}

/** Milliseconds for one answer. */
const limit = 1_000;

/**
 * Requests that may be open at once. A request that is given up loses its connection, and the next one needs a new TLS
 * handshake: twenty of those a second keep an emulated node so busy that its service never starts.
 */
const most = 4;

async function ask(url: string, agent: Agent): Promise<HttpsRequest> {
  const sent = clock();
  const answer = await send(url, { timeout: limit, agent, longest: 0 });
  const answered = clock();
  if ("error" in answer) {
    const why = answer.late ? "timeout" : (answer.error.code ?? answer.error.message);
    return { sent, answered, ok: false, why };
  }
  return { sent, answered, ok: answer.status === 200, why: String(answer.status) };
}

/**
 * Asks for a page again and again, whether or not the last request was answered. Connections are kept open, as a browser
 * does: otherwise most of the time, and most of the node's work, would be handshakes.
 *
 * @param interval milliseconds between two requests
 * @returns ends it
 */
export function probeHttps(url: string, interval: number, tell: (asked: HttpsRequest) => void): () => void {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: most });
  let open = 0;
  const timer = setInterval(() => {
    if (open >= most) return;
    open++;
    void ask(url, agent).then((asked) => {
      open--;
      tell(asked);
    });
  }, interval);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}
