import { Agent as PlainAgent } from "node:http";
import { Agent } from "node:https";
import { basicAuthorization } from "../../../providers/http";
import { answered, outcomeOf } from "./requests";
import { longPatience, type Outcome, patience, type Store } from "./store";

/** How many files are read at once. */
const together = 4;

/**
 * A folder of a web server that keeps what is PUT there (WebDAV): a file for each number, with the number in it. Each is
 * read back. The server must list a folder: as JSON (nginx), or as a page with links. A file that is written twice is one
 * file, and its place among the others is not told: that a write was done twice, or late, is not seen here.
 */
export class FolderStore implements Store {
  private readonly agent: PlainAgent;
  private readonly folder: string;
  private readonly headers: Record<string, string>;

  /** @param url `http[s]://[USER@]HOST[:PORT][/FOLDER]` */
  constructor(url: URL, run: string, password: string | undefined) {
    const options = { keepAlive: true, maxSockets: together };
    this.agent = url.protocol === "https:" ? new Agent(options) : new PlainAgent(options);
    this.headers = url.username === "" ? {} : basicAuthorization(url.username, password ?? "");
    const path = url.pathname.replace(/\/*$/, "");
    this.folder = `${url.protocol}//${url.host}${path}/ha-rancher-drill-${encodeURIComponent(run)}/`;
  }

  async write(number: number): Promise<Outcome> {
    const content = { type: "text/plain", text: String(number) };
    return await outcomeOf(
      `${this.folder}${number}`,
      { method: "PUT", ...this.options(patience), content },
      ({ status }) => [200, 201, 204].includes(status),
    );
  }

  async numbers(): Promise<number[]> {
    const { status, body } = await answered(this.folder, this.options(longPatience));
    if (status === 404) return [];
    if (status !== 200) throw new Error(`the folder of the writes answers with status ${status}`);
    const names = listed(body);
    const found: number[] = [];
    for (let i = 0; i < names.length; i += together) {
      const some = names.slice(i, i + together).map(async (name) => {
        const file = await answered(`${this.folder}${name}`, this.options(longPatience));
        if (file.status === 200 && file.body === String(name)) found.push(name);
        else if (file.status !== 200) throw new Error(`the write ${name} answers with status ${file.status}`);
      });
      await Promise.all(some);
    }
    return found.sort((a, b) => a - b);
  }

  async forget(): Promise<void> {
    await answered(this.folder, { method: "DELETE", ...this.options(longPatience) });
  }

  close(): void {
    this.agent.destroy();
  }

  private options(timeout: number) {
    return { timeout, agent: this.agent, headers: this.headers };
  }
}

/** The numbers among the names in a folder's listing: nginx's JSON, or links of a page. */
export function listed(body: string): number[] {
  const names = body.startsWith("[")
    ? (JSON.parse(body) as { name?: unknown }[]).map(({ name }) => String(name))
    : [...body.matchAll(/href="(?:[^"]*\/)?(\d+)"/g)].map(([, name = ""]) => name);
  return [...new Set(names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number))].sort((a, b) => a - b);
}
