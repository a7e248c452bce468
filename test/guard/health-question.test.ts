import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../local/root";

const servers: Server[] = [];
const sockets: Socket[] = [];
after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** A port where whatever `answer` writes comes back to a question. */
async function listen(answer: (socket: Socket, question: string) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => answer(socket, data.toString()));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return address.port;
}

/** What the guard makes of the answer within 500 ms, and how long that took, seconds. */
function ask(port: number): Promise<{ well: boolean; words: string; seconds: number }> {
  const begun = performance.now();
  const script = `source "$1"; if ask_health "$2" 500; then echo well; else echo "$REPLY"; fi`;
  return new Promise((done, failed) =>
    execFile(
      "bash",
      [
        "--norc",
        "-uc",
        script,
        "ask",
        join(packageRoot, "node", "guard", "health.bash"),
        `http://127.0.0.1:${port}/healthz`,
      ],
      { env: { ...process.env, http_proxy: "http://127.0.0.1:9" } },
      (error, stdout, stderr) => {
        if (error || stderr) failed(error ?? new Error(stderr));
        const words = stdout.trim();
        done({ well: words === "well", words, seconds: (performance.now() - begun) / 1000 });
      },
    ),
  );
}

test("a question without TLS asks for the path and is content with 2xx", async () => {
  let asked = "";
  const port = await listen((socket, question) => {
    asked = question;
    socket.end("HTTP/1.0 204 No Content\r\n\r\n");
  });
  assert.equal((await ask(port)).words, "well");
  assert.equal(asked, "GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
});

const answers: [name: string, answer: string, words: RegExp][] = [
  ["a failure", "HTTP/1.1 503 Service Unavailable\r\n\r\n", /\/healthz: HTTP\/1\.1 503 Service Unavailable$/],
  ["a redirect", "HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\n\r\n", /302 Found$/],
  ["no HTTP", "220 mail.example.com\r\n", /220 mail/],
  ["half a line", "HTTP/1.1 200", /no answer$/],
  ["nothing", "", /no answer$/],
];
for (const [name, answer, words] of answers) {
  test(`${name} in place of an answer is not well`, async () => {
    const port = await listen((socket) => socket.end(answer));
    const { well, words: said } = await ask(port);
    assert.equal(well, false);
    assert.match(said, words);
  });
}

test("an open port behind which nothing answers is known in time", async () => {
  const { words, seconds } = await ask(await listen(() => undefined));
  assert.match(words, /no answer$/);
  assert.ok(seconds >= 0.5 && seconds < 3, `${seconds} s`);
});

test("a closed port is known at once", async () => {
  const port = await listen(() => undefined);
  await new Promise((done) => servers.pop()?.close(done));
  assert.match((await ask(port)).words, /no answer$/);
});
