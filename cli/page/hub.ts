import type { ServerResponse } from "node:http";
import { messageOf } from "../../local/errors";
import type { PageModel, Sample } from "./model";
import type { Buttons } from "./orders";

/** One look at a stack that goes on, whoever looks. */
export interface Watching {
  /** Undefined until everything was asked once. */
  model(): PageModel | undefined;
  /** The latest minutes, oldest first. */
  samples(): readonly Sample[];
  end(): void;
}

/** Begins to watch; `changed` is called whenever there is something new. */
export type Watch = (changed: () => void) => Watching;

/** Milliseconds between two messages at least; and for which a watching without a client goes on (a page that is loaded anew). */
const times = { between: 200, linger: 5_000, alive: 15_000 };

/** Bytes that a client may leave unread before it is left. */
const mostUnread = 4 << 20;

/** A message of an event stream (HTML, server-sent events). JSON has no line breaks, which would end it. */
export const message = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** The clients of a page: all of them share one watching, which lasts as long as there is one. */
export class Hub {
  private readonly clients = new Map<ServerResponse, number>();
  private watching: Watching | undefined;
  private due: NodeJS.Timeout | undefined;
  private lingering: NodeJS.Timeout | undefined;
  private readonly alive: NodeJS.Timeout;

  constructor(
    private readonly watch: Watch,
    private readonly buttons: (model: PageModel) => Buttons,
    private readonly given = times,
  ) {
    this.alive = setInterval(() => this.tell(": still here\n\n"), given.alive).unref();
  }

  get size(): number {
    return this.clients.size;
  }

  /** Whether the stack is being watched. */
  get isWatching(): boolean {
    return this.watching !== undefined;
  }

  /** A client that gets everything from now on. */
  add(response: ServerResponse): void {
    clearTimeout(this.lingering);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 1000\n\n");
    this.clients.set(response, Number.NEGATIVE_INFINITY);
    response.on("close", () => this.remove(response)).on("error", () => this.remove(response));
    this.watching ??= this.watch(() => this.changed());
    this.changed();
  }

  /** Tells all clients what is no part of the model. */
  say(event: string, data: unknown): void {
    this.tell(message(event, data));
  }

  end(): void {
    clearInterval(this.alive);
    for (const client of [...this.clients.keys()]) client.end();
    this.clients.clear();
    this.stop();
  }

  private remove(response: ServerResponse): void {
    if (!this.clients.delete(response) || this.clients.size > 0) return;
    this.lingering = setTimeout(() => this.stop(), this.given.linger).unref();
  }

  private stop(): void {
    clearTimeout(this.lingering);
    clearTimeout(this.due);
    this.due = undefined;
    this.watching?.end();
    this.watching = undefined;
  }

  private changed(): void {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      try {
        this.send();
      } catch (error) {
        // What nodes say must not end the program; and whoever looks must not take the last picture for the present.
        this.say("fault", { text: messageOf(error) });
      }
    }, this.given.between).unref();
  }

  private send(): void {
    const model = this.watching?.model();
    if (!model || !this.watching) return;
    const state = message("state", { ...model, buttons: this.buttons(model) });
    const samples = this.watching.samples();
    const latest = samples.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    for (const [client, told] of this.clients) {
      const fresh = samples.filter(([at]) => at > told);
      this.write(client, fresh.length > 0 ? state + message("client", fresh) : state);
      this.clients.set(client, latest);
    }
  }

  private tell(text: string): void {
    for (const client of this.clients.keys()) this.write(client, text);
  }

  private write(client: ServerResponse, text: string): void {
    if (client.writableLength > mostUnread) client.destroy();
    else client.write(text);
  }
}
