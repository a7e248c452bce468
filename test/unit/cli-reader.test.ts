import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { putScript, temporaryFolder } from "./cli-support";

const main = join(packageRoot, "dist", "cli", "main.js");
const called = (...words: string[]): string =>
  `require(${JSON.stringify(main)}).main(${JSON.stringify(words)})`;

/** Runs JavaScript whose reader goes away after the first part, as `head -1` does. */
async function readOnce(
  script: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = (await once(child, "close")) as [number];
  return { code, said };
}

// More than a pipe holds: the rest cannot be written.
test("`sbom | head -1` ends well, and without a stack", async () => {
  assert.deepEqual(await readOnce(called("sbom")), { code: 0, said: "" });
});

test("a command that does something goes on to its end, and its exit code is that of what it did", async (t) => {
  const file = join(temporaryFolder(t), "done");
  const script = `
    require(${JSON.stringify(join(packageRoot, "dist", "local", "reader.js"))}).outliveReaders();
    let lines = 0;
    const timer = setInterval(() => {
      console.log("line " + ++lines);
      if (lines < 20) return;
      clearInterval(timer);
      require("node:fs").writeFileSync(${JSON.stringify(file)}, "");
      process.exitCode = 3;
    }, 10);`;
  assert.deepEqual(await readOnce(script), { code: 3, said: "" });
  assert.ok(existsSync(file));
});

test("other errors of the output are told: a full disk is no reader that has gone", async () => {
  const script = `
    require(${JSON.stringify(join(packageRoot, "dist", "local", "reader.js"))}).outliveReaders();
    console.log("x");
    setTimeout(() => process.stdout.emit("error", Object.assign(new Error("no space"), { code: "ENOSPC" })), 50);
    setTimeout(() => {}, 10_000);`;
  const { code, said } = await readOnce(script);
  assert.notEqual(code, 0);
  assert.match(said, /ENOSPC/);
});

test("logs that are followed end with their reader", async (t) => {
  const bin = temporaryFolder(t);
  const entry = JSON.stringify({
    __REALTIME_TIMESTAMP: String(Date.now() * 1000),
    MESSAGE: "beat",
    UNIT: "x",
  });
  putScript(join(bin, "ssh"), [`while :; do echo '${entry}' || exit; sleep 0.1; done`]);
  const node = {
    ...{ name: "a", address: "192.0.2.1", user: "root", port: 22, keyFile: "/x" },
    ...{ knownHostsFile: "/y", hostKey: "k" },
  };
  const script = `
    require(${JSON.stringify(join(packageRoot, "dist", "local", "reader.js"))}).outliveReaders();
    require(${JSON.stringify(join(packageRoot, "dist", "cli", "actions", "logs.js"))})
      .logs({ nodes: [${JSON.stringify(node)}] }, { stack: "x", nodes: [], follow: true })
      .then((code) => process.exit(code));`;
  const { code, said } = await readOnce(script, { PATH: `${bin}:${process.env.PATH}` });
  assert.deepEqual({ code, said }, { code: 0, said: "" });
});
