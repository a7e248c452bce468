import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { packageRoot } from "../../local/root";

describe("PID 1's watchdog while units are read anew", () => {
  /** Runs a command by `patient`, and gives its code and what PID 1 was told of the watchdog, in order. */
  function patient(before: string, command: string[]): { code: number | null; told: string[] } {
    const folder = mkdtempSync(join(tmpdir(), "patient-"));
    try {
      const log = join(folder, "log");
      writeFileSync(
        join(folder, "busctl"),
        `#!/bin/sh\nif [ "$1" = get-property ]; then ${before}; else echo "$6" "$7" >>${log}; fi\n`,
      );
      chmodSync(join(folder, "busctl"), 0o755);
      writeFileSync(log, "");
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, LOG: log };
      const { status } = spawnSync(join(packageRoot, "node", "host", "patient"), command, { env });
      return { code: status, told: readFileSync(log, "utf8").split("\n").filter(Boolean) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const noting = ["sh", "-c", 'echo "$1" >>"$LOG"; exit 3', "sh", "it's read"];

  test("waits a minute, and then as long as before, whatever the command came to", () => {
    assert.deepEqual(patient("echo t 10000000", noting), {
      ...{ code: 3, told: ["t 60000000", "it's read", "t 10000000"] },
    });
  });

  test("is left alone where there is none, or no way to ask", () => {
    for (const before of ["echo t 0", "exit 1"])
      assert.deepEqual(patient(before, noting), { code: 3, told: ["it's read"] });
  });

  test("is what it was after the command was told to end", () => {
    const { told } = patient("echo t 10000000", ["sh", "-c", "kill -TERM $PPID; sleep 1"]);
    assert.deepEqual(told, ["t 60000000", "t 10000000"]);
  });
});
