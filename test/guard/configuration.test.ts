import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { guardConf } from "../../domain/guard-conf";
import { packageRoot } from "../../local/root";

const folder = mkdtempSync(join(tmpdir(), "guard-configuration-"));
after(() => rmSync(folder, { recursive: true }));

const file = join(folder, "guard.conf");
const serviceFile = join(folder, "service.conf");
writeFileSync(
  file,
  guardConf({
    ...{
      node: "a",
      vip: "192.0.2.1",
      dataDirectory: "/data",
      dataUnit: "data.mount",
      leaseDirectory: "/lease",
    },
    ...{ identity: "x-a", sentinel: "x", serviceFile },
  }),
);

/** What comes of the file, read as a whole or for what a node needs before its first release. */
function read(part = ""): { status: number | null; stderr: string } {
  const script = `source configuration.bash; load_configuration '${file}' ${part}`;
  return spawnSync("bash", ["--norc", "-euo", "pipefail", "-c", script], {
    cwd: join(packageRoot, "node", "guard"),
    encoding: "utf8",
  });
}

test("before the first release a node has all but what it is to run", () => {
  assert.deepEqual([read("node").status, read("node").stderr], [0, ""]);
  const whole = read();
  assert.equal(whole.status, 78);
  assert.match(whole.stderr, /`CONTAINER` is missing/);
  assert.match(whole.stderr, /`HEALTH_URL` is missing/);
});

test("what it is to run is checked once it is there", () => {
  writeFileSync(serviceFile, "CONTAINER='rancher-1'\nHEALTH_URL='https://127.0.0.1/healthz'\n");
  assert.deepEqual([read().status, read().stderr], [0, ""]);
  writeFileSync(serviceFile, "CONTAINER='a b'\nHEALTH_URL='ftp://x'\n");
  for (const part of ["", "node"])
    assert.match(read(part).stderr, /`CONTAINER` is 'a b', which does not match/);
});
