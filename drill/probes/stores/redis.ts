import { createClient } from "@redis/client";
import { within } from "./patience";
import { withPassword } from "./place";
import { longPatience, type Outcome, patience, type Store } from "./store";

/** The server answered, and did not do it: its words for "I start", "I cannot write", "I am full", "I am another's". */
const refused = /^(LOADING|MISCONF|OOM|READONLY|BUSY|NOAUTH|MASTERDOWN) /;

const clientOf = (url: URL, password: string | undefined, connectTimeout: number) =>
  createClient({
    url: withPassword(url, password),
    // A command is sent once: nothing is kept for another connection.
    socket: { connectTimeout, reconnectStrategy: false },
    disableOfflineQueue: true,
  });

type Client = ReturnType<typeof clientOf>;

/** A list for each series: a write is put at its end, and acknowledged once the server's settings say so. */
export class RedisStore implements Store {
  private client: Client | undefined;
  private readonly key: string;

  /** @param url `redis://[USER@]HOST[:PORT][/NUMBER]` */
  constructor(
    private readonly url: URL,
    run: string,
    private readonly password: string | undefined,
  ) {
    this.key = `ha-rancher-drill:${run}`;
  }

  async write(number: number): Promise<Outcome> {
    let connected: Client;
    try {
      connected = await this.connected(patience);
    } catch {
      // Not connected: nothing was sent.
      return "no";
    }
    try {
      await within(patience, connected.rPush(this.key, String(number)));
      return "yes";
    } catch (error) {
      this.close();
      return refused.test((error as Error).message) ? "no" : "unknown";
    }
  }

  async numbers(): Promise<number[]> {
    return (await this.ask((client) => client.lRange(this.key, 0, -1))).map(Number);
  }

  async forget(): Promise<void> {
    await this.ask((client) => client.del(this.key));
  }

  close(): void {
    const { client } = this;
    this.client = undefined;
    if (client?.isOpen) client.destroy();
  }

  private async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await within(longPatience, question(await this.connected(longPatience)));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param limit milliseconds for the connection, until the server can be asked */
  private async connected(limit: number): Promise<Client> {
    if (this.client?.isReady) return this.client;
    this.close();
    const client = clientOf(this.url, this.password, limit);
    this.client = client;
    // Told to whoever asks next, too.
    client.on("error", () => undefined);
    await within(limit, client.connect());
    return client;
  }
}
