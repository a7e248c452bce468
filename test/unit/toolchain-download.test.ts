import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { archiveOf, downloadToolchain, platforms } from "../../local/toolchain/download";
import { sumOf } from "../../local/toolchain/sums";
import { ownHome, putScript } from "./cli-support";

const name = "pulumi-v3.220.0-linux-x64.tar.gz";

/** A tarball as Pulumi publishes them. */
function tarball(home: string, programs: string[]): Buffer {
  for (const program of programs) putScript(join(home, "release", "pulumi", program), ["echo v3.220.0"]);
  execFileSync("tar", ["-czf", join(home, "release.tar.gz"), "-C", join(home, "release"), "pulumi"]);
  return readFileSync(join(home, "release.tar.gz"));
}

const whole = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs", "pulumi-analyzer-policy"];

async function publish(t: TestContext, files: Record<string, string | Buffer>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const content = files[(request.url ?? "").slice(1)];
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { from: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const sumOfBytes = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

test("a release is downloaded, checked and unpacked, once", async (t) => {
  const home = ownHome(t);
  const content = tarball(home, whole);
  const { from, asked } = await publish(t, { [name]: content });
  const options = { from, platform: "linux-x64", sum: sumOfBytes(content) };
  const toolchain = await downloadToolchain(() => {}, options);
  assert.equal(toolchain?.origin, "download");
  assert.deepEqual(readdirSync(toolchain?.bin ?? "").sort(), [...whole].sort());
  assert.deepEqual(await downloadToolchain(() => {}, options), toolchain);
  assert.deepEqual(asked, [`/${name}`]);
});

test("a tarball that has not the sum that is written down is not unpacked, whatever its server says of it", async (t) => {
  const home = ownHome(t);
  const content = tarball(home, whole);
  const { from } = await publish(t, {
    "pulumi-3.220.0-checksums.txt": `${sumOfBytes(content)}  ${name}\n`,
    [name]: content,
  });
  const said: string[] = [];
  const result = await downloadToolchain((line) => said.push(line), { from, platform: "linux-x64" });
  assert.equal(result, undefined);
  assert.match(said.join("\n"), /has the SHA-256 [0-9a-f]{64}, and must have 6f00c595/);
  const left = readdirSync(join(home, "cache", "ha-rancher", "toolchain"));
  assert.deepEqual(left, ["download-failed.json"]);
});

test("a release without one of its programs is not used", async (t) => {
  const home = ownHome(t);
  const content = tarball(home, whole.slice(0, -1));
  const { from } = await publish(t, { [name]: content });
  const said: string[] = [];
  const options = { from, platform: "linux-x64", sum: sumOfBytes(content) };
  assert.equal(await downloadToolchain((line) => said.push(line), options), undefined);
  assert.match(said.join("\n"), /has no pulumi-analyzer-policy in it/);
});

test("a failure is remembered: the next call asks nobody", async (t) => {
  ownHome(t);
  const { from, asked } = await publish(t, {});
  const said: string[] = [];
  const again = () => downloadToolchain((line) => said.push(line), { from, platform: "linux-x64" });
  assert.equal(await again(), undefined);
  assert.equal(await again(), undefined);
  assert.equal(asked.length, 1);
  assert.match(said.at(-1) ?? "", /as tried within a day .*HTTP 404/);
});

test("an unreachable server and an unknown platform are no error, and are said", async (t) => {
  ownHome(t);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const from = "http://127.0.0.1:1";
  assert.equal(await downloadToolchain(say, { platform: null, from }), undefined);
  assert.match(said.join("\n"), /^Pulumi publishes no release for/);
  assert.equal(await downloadToolchain(say, { platform: "linux-x64", from }), undefined);
  assert.match(said.join("\n"), /cannot be downloaded: http:\/\/127\.0\.0\.1:1\//);
});

test("each platform's archive has its sum; one without is not asked for", async (t) => {
  for (const platform of Object.values(platforms))
    assert.match(sumOf(archiveOf(platform ?? "")) ?? "", /^[0-9a-f]{64}$/, platform);
  ownHome(t);
  const { from, asked } = await publish(t, {});
  const said: string[] = [];
  assert.equal(
    await downloadToolchain((line) => said.push(line), { from, platform: "plan9-x64" }),
    undefined,
  );
  assert.deepEqual(said, ["Pulumi is not downloaded: no sum of pulumi-v3.220.0-plan9-x64.tar.gz is known"]);
  assert.deepEqual(asked, []);
});
