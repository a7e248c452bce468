import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { debianRelease, debianSources } from "../../lab/debian";
import { tryRun } from "../../local/run";

/*
 * Debian's archive for machines of the lab, which no traffic leaves: what they ask for is fetched by this machine's own apt, with
 * its sources and proxies, and kept. Nothing is changed on the way, so that a machine checks Debian's own signatures.
 */

/** Where this machine's apt finds what the hosts of Debian serve, by the first folder of a path. */
async function bases(): Promise<Map<string, string>> {
  const { suite } = debianRelease();
  const lines = (await debianSources(suite)).split("\n").map((line) => line.split(" "));
  const baseOf = (release: string): string => {
    const found = lines.find(([, , name]) => name === release)?.[1];
    if (!found) throw new Error(`apt has no source of ${release}: add it, for machines to install packages`);
    return found.replace(/\/$/, "");
  };
  return new Map([
    ["debian", baseOf(suite)],
    ["debian-security", baseOf(`${suite}-security`)],
  ]);
}

/** The name under which machines ask for packages: test/boxes/ have it in their lists. */
export const mirrorName = "mirror.example.com";

/** Serves Debian's archive, and given files by their paths, on a socket of this machine. */
export class DebianMirror {
  private constructor(
    private readonly server: Server,
    readonly socket: string,
  ) {}

  /**
   * @param folder for what is fetched
   * @param files further files by path, such as `/disk.qcow2`
   */
  static async start(folder: string, files: Readonly<Record<string, string>>): Promise<DebianMirror> {
    mkdirSync(folder, { recursive: true });
    const archive = await bases();
    const fetching = new Map<string, Promise<string | undefined>>();
    const fileOf = (path: string): Promise<string | undefined> => {
      const known = fetching.get(path) ?? fetchFile(archive, folder, path);
      fetching.set(path, known);
      return known;
    };
    const server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname);
      const found = Object.hasOwn(files, path) ? Promise.resolve(files[path]) : fileOf(path);
      found
        .then((file) => send(file, request, response))
        .catch((error: Error) => {
          response.writeHead(502).end(error.message);
        });
    });
    const socket = join(folder, "socket");
    rmSync(socket, { force: true });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return new DebianMirror(server, socket);
  }

  end(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A file of the archive, once apt has it; undefined if the archive has none. */
async function fetchFile(
  archive: ReadonlyMap<string, string>,
  folder: string,
  path: string,
): Promise<string | undefined> {
  const [, first = "", ...rest] = path.split("/");
  const base = archive.get(first);
  if (!base || rest.some((part) => part === ".." || part === "")) return undefined;
  const file = join(folder, createHash("sha256").update(path).digest("hex"));
  const { code } = await tryRun(
    "/usr/lib/apt/apt-helper",
    ["download-file", `${base}/${rest.join("/")}`, file],
    {
      timeout: 300_000,
    },
  );
  return code === 0 && existsSync(file) ? file : undefined;
}

function send(file: string | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-length": statSync(file).size });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
}

/** Runs in the lab's network: listens at an address there, and hands each connection on to a socket of this machine. */
export const relayProgram = `
const { createServer, connect } = require("node:net");
const [socket, ...places] = process.argv.slice(1);
for (const place of places) {
  const [host, port] = place.split(":");
  createServer((client) => {
    const server = connect(socket);
    for (const [one, other] of [[client, server], [server, client]])
      one.on("error", () => other.destroy()).on("close", () => other.destroy()).pipe(other);
  }).listen(Number(port), host);
}
`;
