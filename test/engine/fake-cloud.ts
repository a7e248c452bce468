import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A value of an environment as Pulumi's service gives it (github.com/pulumi/esc, value.go). */
type EscValue = { value: unknown; secret?: boolean; trace: object };

/** A value that is plain, or `{ secret: TEXT }`, as the service gives it. */
function escValue(given: unknown): EscValue {
  const trace = {};
  if (Array.isArray(given)) return { value: given.map(escValue), trace };
  if (typeof given !== "object" || given === null) return { value: given, trace };
  if ("secret" in given) return { value: given.secret, secret: true, trace };
  const entries = Object.entries(given).map(([name, value]) => [name, escValue(value)]);
  return { value: Object.fromEntries(entries), trace };
}

/** As much of Pulumi's service as `pulumi config` needs: one user, any stack that is asked for, one environment. */
export class FakeCloud {
  /** What was asked for, `VERB PATH BODY`. */
  readonly calls: string[] = [];
  /** Names of stacks that were made. */
  readonly stacks = new Set<string>();
  /** Settings that the environment gives, by name with namespace. */
  settings: Record<string, unknown> = {};

  private readonly server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const { method = "", url = "" } = request;
      this.calls.push(`${method} ${url} ${body}`);
      const answer = this.answer(method, url, body);
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { code: 404, message: "Not Found" }));
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(method: string, url: string, body: string): object | undefined {
    const me = { githubLogin: "me", name: "me" };
    if (url === "/api/user") return { id: "1", ...me, email: "me@example.org", organizations: [me] };
    if (url.startsWith("/api/capabilities")) return { capabilities: [] };
    if (/\/api\/esc\/environments\/me\/yaml\/open/.test(url)) {
      const properties = { pulumiConfig: escValue(this.settings) };
      return method === "POST" ? { id: "opened" } : { properties };
    }
    if (url.endsWith("/encrypt"))
      return { ciphertext: (JSON.parse(body) as { plaintext: string }).plaintext };
    if (url.endsWith("/decrypt"))
      return { plaintext: (JSON.parse(body) as { ciphertext: string }).ciphertext };
    if (/\/decrypt\/(log-|batch)/.test(url)) return {};
    return this.ofStack(method, url, body);
  }

  private ofStack(method: string, url: string, body: string): object | undefined {
    if (method === "POST" && url === "/api/stacks/me/ha-rancher") {
      this.stacks.add((JSON.parse(body) as { stackName: string }).stackName);
      return {};
    }
    const name = /^\/api\/stacks\/me\/ha-rancher\/([\w-]+)/.exec(url)?.[1];
    if (!name) return url === "/api/stacks/me/ha-rancher" || url.startsWith("/api/projects") ? {} : undefined;
    if (!this.stacks.has(name)) return undefined;
    if (url.endsWith("/export")) return { version: 3, deployment: { resources: [] } };
    if (method === "DELETE") this.stacks.delete(name);
    return {
      ...{ orgName: "me", projectName: "ha-rancher", stackName: name },
      ...{ activeUpdate: "", tags: {}, version: 1, updates: [] },
    };
  }
}
