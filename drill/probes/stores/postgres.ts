import { Client } from "pg";
import { withPassword } from "./place";
import { longPatience, type Outcome, patience, type Store } from "./store";

/** A row for each write, in the order in which the server took them. Nothing keeps a number from being there twice. */
const table = `CREATE TABLE IF NOT EXISTS ha_rancher_drill (
  place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run text NOT NULL, number integer NOT NULL)`;

/** The server answered, and did not do it: its words for "I start", "I stop", "I am full" (PostgreSQL, appendix A). */
const refused = /^(57P|53)/;

/** Rows of a table, each a transaction that the server acknowledges once it is on its disk. */
export class PostgresStore implements Store {
  private client: Client | undefined;

  /** @param url `postgres://USER@HOST[:PORT]/DATABASE` */
  constructor(
    private readonly url: URL,
    private readonly run: string,
    private readonly password: string | undefined,
  ) {}

  async write(number: number): Promise<Outcome> {
    let connected: Client;
    try {
      connected = await this.connected(patience);
    } catch {
      // Not connected: nothing was sent.
      return "no";
    }
    try {
      await connected.query("INSERT INTO ha_rancher_drill (run, number) VALUES ($1, $2)", [this.run, number]);
      return "yes";
    } catch (error) {
      this.close();
      return refused.test((error as { code?: string }).code ?? "") ? "no" : "unknown";
    }
  }

  async numbers(): Promise<number[]> {
    const client = await this.connected(longPatience);
    try {
      const { rows } = await client.query<{ number: number }>(
        "SELECT number FROM ha_rancher_drill WHERE run = $1 ORDER BY place",
        [this.run],
      );
      return rows.map(({ number }) => number);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async forget(): Promise<void> {
    const client = await this.connected(longPatience);
    await client.query("DELETE FROM ha_rancher_drill WHERE run = $1", [this.run]);
  }

  close(): void {
    const { client } = this;
    this.client = undefined;
    client?.end().catch(() => undefined);
  }

  /** @param limit milliseconds for the connection, and for each answer over it */
  private async connected(limit: number): Promise<Client> {
    if (this.client) return this.client;
    const client = new Client({
      connectionString: withPassword(this.url, this.password),
      connectionTimeoutMillis: limit,
      query_timeout: limit,
      keepAlive: true,
    });
    // A connection that breaks while nobody asks: the next question finds it closed.
    client.on("error", () => {
      if (this.client === client) this.close();
    });
    await client.connect();
    try {
      await client.query("SET synchronous_commit = on");
      await client.query(table);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    this.client = client;
    return client;
  }
}
