import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

/** A container as the fake engine keeps it. */
export interface FakeContainer {
  Id: string;
  Name: string;
  Image: string;
  Created: string;
  Config: Record<string, unknown> & { Hostname: string };
  HostConfig: Record<string, unknown> & {
    RestartPolicy: { Name: string; MaximumRetryCount: number };
    Memory: number;
    MemorySwap: number;
  };
  State: { Running: boolean; ExitCode: number; Error: string };
  NetworkSettings: { Bridge: string; Networks: Record<string, Record<string, unknown>> };
}

/** An engine's HTTP API on a Unix socket, with what the stand-in uses of it. */
export interface FakeEngine {
  socket: string;
  images: Map<string, { Id: string; RepoDigests: string[] }>;
  containers: Map<string, FakeContainer>;
  /** By name; one with `inUse` is not removed at the first try. */
  volumes: Map<string, Record<string, unknown>>;
  /** What the last pull logged in with; undefined: nothing. */
  login: Record<string, string> | undefined;
  /** `METHOD path`, as they came. */
  requests: string[];
  /** HTTP connections that were made. */
  connections: number;
  /** Names that can be pulled; an image's content is its name without the tag. */
  registry: Set<string>;
  /** Programs that end at once when they are started, by image. */
  exitsAtOnce: Set<string>;
  close(): Promise<void>;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
export const imageId = (name: string): string => `sha256:${hash(`id ${name}`)}`;
export const digest = (name: string): string => `sha256:${hash(`digest ${name}`)}`;

/** Starts a fake engine whose socket lies in a folder. */
export async function startEngine(folder: string): Promise<FakeEngine> {
  const state: FakeEngine = {
    socket: join(folder, `docker-${randomBytes(3).toString("hex")}.sock`),
    images: new Map(),
    containers: new Map(),
    volumes: new Map(),
    login: undefined,
    requests: [],
    connections: 0,
    registry: new Set(),
    exitsAtOnce: new Set(),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  const image = (name: string) =>
    state.images.get(name) ?? [...state.images.values()].find(({ Id }) => Id === name);

  type Answer = [status: number, body?: unknown];
  const missing = (what: string): Answer => [404, { message: what }];

  function pull(query: URLSearchParams, response: ServerResponse): void {
    const repository = query.get("fromImage") ?? "";
    const tag = query.get("tag") ?? "";
    const name = tag.startsWith("sha256:") ? `${repository}@${tag}` : `${repository}:${tag}`;
    response.writeHead(200, { "content-type": "application/json" });
    const say = (event: object): boolean => response.write(`${JSON.stringify(event)}\r\n`);
    say({ status: `Pulling from ${repository}`, id: tag });
    if (state.registry.has(name)) {
      say({ status: "Pull complete", id: "0a1b2c" });
      // A name with both a tag and a digest is found by the digest.
      const known = { Id: imageId(repository), RepoDigests: [`${repository}@${digest(repository)}`] };
      state.images.set(name, known);
    } else {
      say({
        errorDetail: { message: "manifest unknown" },
        error: `manifest for ${name} not found: manifest unknown`,
      });
    }
    response.end();
  }

  function create(query: URLSearchParams, body: Record<string, unknown>): Answer {
    const name = `/${query.get("name")}`;
    const used = image(String(body.Image));
    if (!used) return missing(`No such image: ${body.Image}`);
    const other = [...state.containers.values()].find(({ Name }) => Name === name);
    if (other)
      return [409, { message: `Conflict. The container name "${name}" is already in use by "${other.Id}".` }];
    const id = randomBytes(32).toString("hex");
    const host = body.HostConfig as Record<string, unknown> & { Mounts: { Type: string; Source: string }[] };
    const bad = host.Mounts.find(({ Type, Source }) => Type === "bind" && Source.includes("missing"));
    if (bad)
      return [
        400,
        { message: `invalid mount config for type "bind": bind source path does not exist: ${bad.Source}` },
      ];
    state.containers.set(id, {
      Id: id,
      Name: name,
      Image: used.Id,
      Created: new Date(0).toISOString(),
      Config: {
        Cmd: ["serve"],
        Entrypoint: null,
        ...body,
        Hostname: String(body.Hostname ?? id.slice(0, 12)),
      },
      HostConfig: {
        IpcMode: "private",
        ShmSize: 64 * 1024 * 1024,
        Runtime: "runc",
        LogConfig: { Type: "json-file", Config: {} },
        SecurityOpt: null,
        ...host,
        MemorySwap: host.MemorySwap || 2 * Number(host.Memory),
      } as unknown as FakeContainer["HostConfig"],
      State: { Running: false, ExitCode: 0, Error: "" },
      NetworkSettings: { Bridge: "", Networks: { bridge: { IPAddress: "", Gateway: "", IPPrefixLen: 0 } } },
    });
    return [201, { Id: id, Warnings: [] }];
  }

  function onContainer(method: string, id: string, action: string, body: Record<string, unknown>): Answer {
    const container = state.containers.get(id);
    if (!container) return missing(`No such container: ${id}`);
    if (method === "DELETE") {
      state.containers.delete(id);
      return [204];
    }
    switch (action) {
      case "json":
        return [200, container];
      case "logs":
        return [200, Buffer.from("\x01\0\0\0\0\0\0\x05boom\n", "latin1")];
      case "update":
        Object.assign(container.HostConfig, body);
        return [200, { Warnings: [] }];
      case "start":
        if (container.State.Running) return [304];
        container.State.Running = !state.exitsAtOnce.has(container.Image);
        container.State.ExitCode = container.State.Running ? 0 : 3;
        return [204];
      case "stop":
        if (!container.State.Running) return [304];
        container.State.Running = false;
        container.State.ExitCode = 143;
        return [204];
      default:
        return missing("page not found");
    }
  }

  function onImage(method: string, name: string): Answer {
    const found = image(name);
    if (!found) return missing(`No such image: ${name}`);
    if (method !== "DELETE") return [200, found];
    if ([...state.containers.values()].some(({ Image }) => Image === found.Id)) {
      return [
        409,
        { message: `conflict: unable to remove repository reference "${name}": container is using it` },
      ];
    }
    state.images.delete(name);
    return [200, [{ Untagged: name }]];
  }

  function onVolume(method: string, name: string, body: Record<string, unknown>): Answer {
    if (method === "POST") {
      if (body.Driver === "nowhere") return missing('plugin "nowhere" not found');
      const made = { ...body, Mountpoint: `/var/lib/docker/volumes/${body.Name}/_data` };
      if (!state.volumes.has(String(body.Name))) state.volumes.set(String(body.Name), made);
      return [201, state.volumes.get(String(body.Name))];
    }
    const found = state.volumes.get(name);
    if (!found) return missing(`get ${name}: no such volume`);
    if (method !== "DELETE") return [200, found];
    if (found.inUse === true) {
      found.inUse = false;
      return [409, { message: `remove ${name}: volume is in use` }];
    }
    state.volumes.delete(name);
    return [204];
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://docker");
    const method = request.method ?? "";
    state.requests.push(`${method} ${pathname}${searchParams.size > 0 ? `?${searchParams}` : ""}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    if (pathname === "/images/create") {
      const sent = String(request.headers["x-registry-auth"] ?? "");
      state.login = sent ? JSON.parse(Buffer.from(sent, "base64").toString()) : undefined;
      return pull(searchParams, response);
    }
    const [, kind, id = "", action = ""] =
      /^\/(images|containers|volumes)\/(.*?)(?:\/(json|logs|update|start|stop))?$/.exec(pathname) ?? [];
    const [status, answer] =
      pathname === "/containers/create"
        ? create(searchParams, body)
        : kind === "containers"
          ? onContainer(method, id, action, body)
          : kind === "volumes"
            ? onVolume(method, id, body)
            : kind === "images"
              ? onImage(method, id)
              : missing("page not found");
    response.writeHead(status, { "content-type": "application/json" });
    response.end(
      Buffer.isBuffer(answer) ? answer : answer === undefined ? undefined : JSON.stringify(answer),
    );
  }

  const server = createServer((request, response) => void handle(request, response));
  server.on("connection", () => state.connections++);
  await new Promise<void>((resolve) => server.listen(state.socket, resolve));
  return state;
}
