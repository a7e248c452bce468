import type { Agent } from "node:http";
import type Docker from "dockerode";
import { Connections } from "../ssh";
import { type DockerHost, loginTo } from "./config";
import { type Dialed, DialStdioAgent, dialed } from "./dial-stdio";
import type { RegistryLogin } from "./registry-auth";

async function dialStdio(connections: Connections, host: DockerHost, signal: AbortSignal): Promise<Dialed> {
  const explain = (code: number, said: string): Error =>
    new Error(
      `\`docker system dial-stdio\` ended with code ${code} on ${host.host}: ${said || "no message"}. ` +
        `Is docker installed and running there, and is ${host.user} in the group docker?`,
    );
  return await connections.use(
    loginTo(host),
    signal,
    async (client) =>
      await new Promise<Dialed>((resolve, reject) => {
        const broke = (): void => reject(new Error(`the connection to ${host.host} broke`));
        client.once("close", broke);
        client.exec("docker system dial-stdio", (error, channel) => {
          client.removeListener("close", broke);
          if (error) reject(error);
          else resolve(dialed(channel, explain));
        });
      }),
  );
}

/** The engine of one host. */
export interface Engine {
  /** For messages. */
  host: string;
  api: Docker;
  /** Logins for the registries of images. */
  logins: readonly RegistryLogin[];
  close(): void;
}

/** Returns an engine that connects at its first use. */
export function engineOf(host: DockerHost, logins: readonly RegistryLogin[]): Engine {
  const DockerApi = require("dockerode") as typeof Docker;
  const connections = new Connections();
  const { signal } = new AbortController();
  const agent = new DialStdioAgent(() => dialStdio(connections, host, signal));
  // The host is only a name in the requests; the agent connects. The option `agent` is missing in the declarations.
  const options: Docker.DockerOptions & { agent: Agent } = { protocol: "http", host: "docker", agent };
  return {
    host: host.host,
    api: new DockerApi(options),
    logins,
    close: () => {
      agent.destroy();
      connections.close();
    },
  };
}

/** The HTTP status of an error from the engine; undefined for other errors. */
export const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode;

/** The engine's message, without dockerode's wrapping. */
export function saidBy(error: unknown): string {
  const { json, message } = error as Error & { json?: { message?: string } };
  return (json?.message ?? message.replace(/^\(HTTP code \d+\) .*? - /, "")).trim().replace(/\.+$/, "");
}

/** The result of a request; undefined if the object does not exist. */
export async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
