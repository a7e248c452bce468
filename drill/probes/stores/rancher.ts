import { createHash } from "node:crypto";
import { Agent } from "node:https";
import { answered, isUnsent } from "./requests";
import { longPatience, type Outcome, patience, type Store } from "./store";

/** Whose password the bootstrap password is. */
const firstUser = "admin";

/** Milliseconds after which Rancher forgets the login. */
const loginLasts = 3_600_000;

/** ConfigMaps of the cluster that Rancher itself runs in, by the Kubernetes API that Rancher passes on. */
const configMaps = "/k8s/clusters/local/api/v1/namespaces/default/configmaps";

const label = "ha-rancher-drill";

/** Logs in. @returns the token; undefined if Rancher refuses the password. @throws if it does not answer */
export async function logIn(url: URL, password: string, timeout: number): Promise<string | undefined> {
  const credentials = { username: decodeURIComponent(url.username) || firstUser, password };
  const about = { description: "a drill of ha-rancher", ttl: loginLasts, responseType: "json" };
  const { status, body } = await answered(`https://${url.host}/v3-public/localProviders/local?action=login`, {
    method: "POST",
    timeout,
    content: json({ ...credentials, ...about }),
  });
  if (status === 401) return undefined;
  const token = status === 201 ? (JSON.parse(body) as { token?: unknown }).token : undefined;
  if (typeof token !== "string")
    throw new Error(`the login answers with status ${status}: ${body.slice(0, 200)}`);
  return token;
}

const json = (value: unknown) => ({ type: "application/json", text: JSON.stringify(value) });

/**
 * Rancher through its own API: a ConfigMap for each write, whose name Kubernetes chooses, so that a write that was done
 * twice is seen. The objects' revisions are those of its etcd: they say in which order it took them.
 */
export class RancherStore implements Store {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly collection: string;
  /** A label's value is short and plain, and a name may be anything. */
  private readonly series: string;
  private token: string | undefined;

  /** @param url `rancher://[USER@]HOST[:PORT]`; user: admin by default */
  constructor(
    private readonly url: URL,
    run: string,
    private readonly password: string | undefined,
  ) {
    this.collection = `https://${url.host}${configMaps}`;
    this.series = createHash("sha256").update(run).digest("hex").slice(0, 32);
  }

  async write(number: number): Promise<Outcome> {
    let authorization: Record<string, string>;
    try {
      authorization = await this.authorization(patience);
    } catch {
      // Not logged in: no write was sent.
      return "no";
    }
    const metadata = { generateName: `${label}-`, labels: { [label]: this.series } };
    const content = json({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { number: String(number) } });
    const options = {
      method: "POST" as const,
      agent: this.agent,
      timeout: patience,
      headers: authorization,
      content,
    };
    try {
      const { status, body } = await answered(this.collection, options);
      // Before it looks at what is asked, Rancher looks at who asks.
      if (status === 401) {
        this.token = undefined;
        return "no";
      }
      return status === 201 && body.includes('"resourceVersion"') ? "yes" : "unknown";
    } catch (error) {
      return isUnsent(error) ? "no" : "unknown";
    }
  }

  async numbers(): Promise<number[]> {
    const { status, body } = await this.ofSeries("GET");
    if (status !== 200) throw new Error(`Rancher answers with status ${status}: ${body.slice(0, 200)}`);
    return numbersOf(body);
  }

  async forget(): Promise<void> {
    await this.ofSeries("DELETE");
  }

  close(): void {
    this.agent.destroy();
  }

  private async ofSeries(method: "GET" | "DELETE") {
    const headers = await this.authorization(longPatience);
    const selector = encodeURIComponent(`${label}=${this.series}`);
    return await answered(`${this.collection}?labelSelector=${selector}`, {
      ...{ method, headers, agent: this.agent, timeout: longPatience },
    });
  }

  private async authorization(timeout: number): Promise<Record<string, string>> {
    this.token ??= await logIn(this.url, this.password ?? "", timeout);
    if (this.token === undefined) throw new Error("Rancher refuses the user's password");
    return { authorization: `Bearer ${this.token}` };
  }
}

interface ConfigMapList {
  items?: { metadata: { resourceVersion: string }; data?: { number?: string } }[] | null;
}

/** The numbers in a list of ConfigMaps, in the order in which they were made. */
export const numbersOf = (body: string): number[] =>
  ((JSON.parse(body) as ConfigMapList).items ?? [])
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(({ data }) => Number(data?.number));
