import { Agent, request } from "node:https";
import { clock } from "../../local/clock";

/** One question to the service. */
export interface Asked {
  /** Monotonic milliseconds. */
  sent: number;
  answered: number;
  ok: boolean;
  /** If not: an error's code, `timeout`, or the status. */
  why: string;
}

/** Milliseconds for one answer. */
const limit = 1_000;

/**
 * So many questions may be open at once. Whoever gives up a question gives up its connection, and makes another: twenty
 * handshakes a second keep an emulated node so busy that its service never comes up.
 */
const most = 4;

/**
 * Asks for a page again and again, whether or not the question before was answered. Connections are kept, as a browser
 * does: a handshake each time would be most of what is measured, and most of what the node does.
 *
 * @param interval milliseconds between two questions
 * @returns ends it
 */
export function askAgainAndAgain(url: string, interval: number, tell: (asked: Asked) => void): () => void {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: most });
  let open = 0;
  const timer = setInterval(() => {
    if (open >= most) return;
    open++;
    const sent = clock();
    let told = false;
    const done = (ok: boolean, why: string): void => {
      if (told) return;
      told = true;
      open--;
      tell({ sent, answered: clock(), ok, why });
    };
    const signal = AbortSignal.timeout(limit);
    // Rancher makes its own certificate, which nobody has signed.
    const asked = request(url, { agent, signal, rejectUnauthorized: false }, (response) => {
      response.resume();
      response.on("error", () => done(false, "broken off"));
      response.on("end", () => done(response.statusCode === 200, String(response.statusCode)));
    });
    asked.on("error", (error: NodeJS.ErrnoException) =>
      done(false, signal.aborted ? "timeout" : (error.code ?? error.message)),
    );
    asked.end();
  }, interval);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}
