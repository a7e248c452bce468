import { Agent as PlainAgent } from "node:http";
import { Agent } from "node:https";
import { isWanted, type Page } from "../../domain/page";
import { clock } from "../../local/clock";
import { type Answered, get, send } from "../../providers/http";

/** One request to the service. */
export interface ServiceRequest {
  /** Monotonic milliseconds. */
  sent: number;
  answered: number;
  /** Whether the answer was what the service says while it can be used. */
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

/** From the third open one on they come so many milliseconds apart. All four at once, the next ones would be `limit` later. */
const spread = limit / most;

/** A connection is never kept, and each may be a process at the other end: so many times more seldom. */
const connectionsRarer = 4;

/**
 * Asks a service again and again, whether or not the last request was answered. Connections to a page are kept open, as a
 * browser does: otherwise most of the time, and most of the node's work, would be handshakes.
 *
 * @param url of the service, such as `https://192.168.56.10`, or `tcp://192.168.56.10:5432`, which is connected to
 * @param page what it answers
 * @param interval milliseconds between two requests
 * @returns ends it
 */
export function probeService(
  url: string,
  page: Page,
  interval: number,
  tell: (asked: ServiceRequest) => void,
): () => void {
  const isPage = !url.startsWith("tcp:");
  const agents = { keepAlive: true, maxFreeSockets: most };
  const agent = url.startsWith("https:") ? new Agent(agents) : new PlainAgent(agents);
  const place = `${url}${page.path}`;
  const once = (): Promise<Answered> =>
    isPage ? send(place, { timeout: limit, agent, longest: 0 }) : get(place, limit);
  let open = 0;
  let last = 0;
  const ask = async (): Promise<void> => {
    const sent = clock();
    last = sent;
    open++;
    const answer = await once();
    open--;
    tell(judged(sent, answer, page));
  };
  const isTime = (): boolean => open < most && (open < 2 || clock() - last >= spread);
  const timer = setInterval(() => void (isTime() && ask()), isPage ? interval : interval * connectionsRarer);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}

/** The page's text is not kept, and does not count here. */
function judged(sent: number, answer: Answered, { status }: Page): ServiceRequest {
  const answered = clock();
  if ("error" in answer) {
    const why = answer.late ? "timeout" : (answer.error.code ?? answer.error.message);
    return { sent, answered, ok: false, why };
  }
  const wanted = { path: "", ...(status && { status }) };
  return { sent, answered, ok: isWanted(wanted, answer.status, ""), why: String(answer.status) };
}
