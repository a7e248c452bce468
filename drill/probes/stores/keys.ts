import { Agent } from "node:https";
import { type RequestOptions, send } from "../../../providers/http";
import { longPatience, neverSent, type Outcome, patience, type Store } from "./store";

/** Sends a request. @throws the error if there was no answer */
async function ask(url: string, options: RequestOptions): Promise<{ status: number; body: string }> {
  const answer = await send(url, options);
  if ("error" in answer) throw answer.error;
  return { status: answer.status ?? 0, body: answer.body };
}

/** Whether a service has the key-value API. @throws if it does not answer */
export async function hasKeys(url: string): Promise<boolean> {
  const { body } = await ask(`${url}/kv/`, { timeout: 10_000 });
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
    try {
      const { status, body } = await ask(this.folder, {
        method: "POST",
        agent: this.agent,
        timeout: patience,
        form: { value: String(number) },
      });
      // The store's answer names the new key. A web server without the store answers something else.
      return status === 201 && body.includes('"createdIndex"') ? "yes" : "unknown";
    } catch (error) {
      return neverSent.has((error as NodeJS.ErrnoException).code ?? "") ? "no" : "unknown";
    }
  }

  async numbers(): Promise<number[]> {
    const { status, body } = await ask(this.folder, { timeout: longPatience });
    if (status === 200) return storedNumbers(body);
    // 100, "Key not found": the series has no writes.
    if (status === 404 && body.includes('"errorCode":100')) return [];
    throw new Error(`the service answers with status ${status}: ${body.slice(0, 200)}`);
  }

  async forget(): Promise<void> {
    await ask(`${this.folder}?recursive=true`, { method: "DELETE", timeout: longPatience });
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
