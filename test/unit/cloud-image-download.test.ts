import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { download } from "../../local/download";
import { cachedImage, fetchImage } from "../../providers/vagrant/cloud-box/image";
import { ownHome, temporaryFolder, withEnvironment } from "./cli-support";

const content = randomBytes(300_000);
const sumOf = (data: Buffer): string => `sha512:${createHash("sha512").update(data).digest("hex")}`;
const checksum = sumOf(content);

/** What the server was asked for: path and range. */
let asked: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the content, from where it is asked for. */
function whole(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(from);
  const headers = { "content-length": rest.length };
  if (from === 0) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
    });
  response.end(rest);
}

const server = createServer((request, response) => {
  asked.push(`${request.url} ${request.headers.range ?? ""}`.trim());
  answer(request, response);
});
let url: string;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.qcow2`;
});
after(() => server.close());
beforeEach(() => {
  asked = [];
  answer = whole;
});

const wanted = (file: string, changes: Partial<Parameters<typeof download>[0]> = {}) => ({
  ...{ url, file, checksum, most: 1 << 20, limit: 30, say: () => {} },
  ...changes,
});

test("a file is there whole, once, and nothing else is", async (t) => {
  const file = join(temporaryFolder(t), "new", "image");
  await download(wanted(file));
  assert.ok(readFileSync(file).equals(content));
  assert.ok(!existsSync(`${file}.part`));
  assert.deepEqual(asked, ["/image.qcow2"]);
});

test("an interrupted download goes on where it was", async (t) => {
  const file = join(temporaryFolder(t), "image");
  writeFileSync(`${file}.part`, content.subarray(0, 100_000));
  await download(wanted(file));
  assert.ok(readFileSync(file).equals(content));
  assert.deepEqual(asked, ["/image.qcow2 bytes=100000-"]);
});

test("a part that was whole already is asked for no more", async (t) => {
  const file = join(temporaryFolder(t), "image");
  writeFileSync(`${file}.part`, content);
  await download(wanted(file));
  assert.ok(readFileSync(file).equals(content));
  assert.deepEqual(asked, []);
});

test("what cannot go on begins anew: another file by now, a server without ranges, nothing more to give", async (t) => {
  const folder = temporaryFolder(t);
  const cases: [string, Buffer, typeof answer][] = [
    ["another", Buffer.alloc(1000, "x"), whole],
    ["no-ranges", content.subarray(0, 1000), (_, response) => response.end(content)],
    [
      "longer",
      Buffer.concat([content, Buffer.from("more")]),
      (request, response) => (request.headers.range ? response.writeHead(416).end() : response.end(content)),
    ],
  ];
  for (const [name, part, how] of cases) {
    answer = how;
    const file = join(folder, name);
    writeFileSync(`${file}.part`, part);
    await download(wanted(file));
    assert.ok(readFileSync(file).equals(content), name);
  }
});

test("a file with another checksum is refused, and leaves nothing", async (t) => {
  const file = join(temporaryFolder(t), "image");
  const other = sumOf(Buffer.from("what was published"));
  await assert.rejects(
    download(wanted(file, { checksum: other })),
    (error: Error) => error.message.includes(other) && /another checksum/.test(error.message),
  );
  assert.ok(!existsSync(file) && !existsSync(`${file}.part`));
});

test("a broken connection keeps what came, and the next attempt needs only the rest", async (t) => {
  const file = join(temporaryFolder(t), "image");
  answer = (_, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 200_000), () => response.destroy());
  };
  await assert.rejects(download(wanted(file)), /cannot be downloaded: curl ended with code 18/);
  assert.ok(!existsSync(file));
  answer = whole;
  asked = [];
  await download(wanted(file));
  assert.ok(readFileSync(file).equals(content));
  assert.match(asked[0] ?? "", /bytes=\d{4,}-/);
});

test("too large, absent, and too slow are told as such; an address's login and query are not", async (t) => {
  const file = join(temporaryFolder(t), "image");
  await assert.rejects(download(wanted(file, { most: 1000 })), /larger than such a file may be/);
  answer = (_, response) => void response.writeHead(404).end();
  const secret = url.replace("//", "//me:hunter2@").concat("?token=hunter2");
  await assert.rejects(download(wanted(file, { url: secret })), (error: Error) => {
    assert.match(error.message, /\/image\.qcow2 cannot be downloaded: the server has no such file/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  answer = () => {};
  await assert.rejects(download(wanted(file, { limit: 1 })), (error: Error) => {
    assert.match(error.message, /took longer than 1 s/);
    return true;
  });
});

test("an image is downloaded once; a cached one that was changed is not believed", async (t) => {
  ownHome(t);
  const image = { url, checksum };
  const file = await fetchImage(image, 30, () => {});
  assert.equal(file, cachedImage(checksum));
  assert.equal(await fetchImage(image, 30, () => {}), file);
  assert.equal(asked.length, 1);
  writeFileSync(file, "something else");
  const said: string[] = [];
  await fetchImage(image, 30, (line) => said.push(line));
  assert.ok(readFileSync(file).equals(content));
  assert.equal(asked.length, 2);
  assert.match(said.join("\n"), /not as it was downloaded.*\ndownloading http:\/\/127/s);
});

test("an image on this machine is used where it lies, unless its checksum is wrong", async (t) => {
  ownHome(t);
  const file = join(temporaryFolder(t), "my image.qcow2");
  writeFileSync(file, content);
  for (const path of [file, new URL(`file://${file}`).href])
    assert.equal(await fetchImage({ url: path, checksum }, 30, () => {}), file);
  writeFileSync(file, "changed");
  await assert.rejects(
    fetchImage({ url: file, checksum }, 30, () => {}),
    /`boxUrl`: .* another checksum .* not used.*`boxChecksum`/,
  );
  await assert.rejects(
    fetchImage({ url: `${file}.gone`, checksum }, 30, () => {}),
    /there is no file/,
  );
});

test("the proxy of the environment is used", async (t) => {
  ownHome(t);
  const file = join(temporaryFolder(t), "image");
  const { port } = server.address() as AddressInfo;
  withEnvironment(t, { http_proxy: `http://127.0.0.1:${port}`, no_proxy: undefined, NO_PROXY: undefined });
  await download(wanted(file, { url: "http://images.invalid/image.qcow2" }));
  assert.ok(readFileSync(file).equals(content));
  assert.deepEqual(asked, ["http://images.invalid/image.qcow2"]);
});

test("without curl it is said what is missing", async (t) => {
  const home = ownHome(t);
  mkdirSync(join(home, "empty"));
  withEnvironment(t, { PATH: join(home, "empty") });
  const part = join(home, "x", "image");
  mkdirSync(dirname(part));
  await assert.rejects(download(wanted(part)), /`curl` is not on PATH/);
});
