import { Agent } from "node:https";
import { answered, outcomeOf } from "./requests";
import { longPatience, type Outcome, patience, type Store } from "./store";

/** Whether a service has the key-value API. @throws if it does not answer */
export async function hasKeys(url: string): Promise<boolean> {
  const { body } = await answered(`${url}/kv/`, { timeout: 10_000 });
  return body.includes('"action":"get"');
}

/**
 * The key-value API of the lab's stand-in for Rancher (lab/image/rancher): POST /kv/DIRECTORY makes a new key for each
 * request, in the order in which the store took the requests. So a write that was done twice is seen.
 */
export class KeyStore implements Store {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly folder: string;

  constructor(url: string, run: string) {
    this.folder = `${url}/kv/drill/${encodeURIComponent(run)}`;
  }

  async write(number: number): Promise<Outcome> {
    const form = { value: String(number) };
    return await outcomeOf(
      this.folder,
      { method: "POST", agent: this.agent, timeout: patience, form },
      // The store's answer names the new key. A web server without the store answers something else.
      ({ status, body }) => status === 201 && body.includes('"createdIndex"'),
    );
  }

  async numbers(): Promise<number[]> {
    const { status, body } = await answered(this.folder, { timeout: longPatience });
    if (status === 200) return storedNumbers(body);
    // 100, "Key not found": the series has no writes.
    if (status === 404 && body.includes('"errorCode":100')) return [];
    throw new Error(`the service answers with status ${status}: ${body.slice(0, 200)}`);
  }

  async forget(): Promise<void> {
    await answered(`${this.folder}?recursive=true`, { method: "DELETE", timeout: longPatience });
  }

  close(): void {
    this.agent.destroy();
  }
}

interface StoredNode {
  key: string;
  value?: string;
  createdIndex: number;
}

/** The numbers in the store's answer, in the order in which the store took them. */
export function storedNumbers(body: string): number[] {
  const { node } = JSON.parse(body) as { node?: { nodes?: StoredNode[] } };
  return [...(node?.nodes ?? [])]
    .sort((a, b) => a.createdIndex - b.createdIndex)
    .map(({ value }) => Number(value));
}
