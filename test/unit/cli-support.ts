import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** A folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the variables were before the test; hooks run in the order in which they are made, so there is one. */
const original = new WeakMap<TestContext, NodeJS.ProcessEnv>();

function setAll(variables: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** Sets environment variables for the test; undefined removes one. */
export function withEnvironment(t: TestContext, variables: NodeJS.ProcessEnv): void {
  let before = original.get(t);
  if (!before) {
    const saved: NodeJS.ProcessEnv = {};
    original.set(t, saved);
    t.after(() => setAll(saved));
    before = saved;
  }
  for (const name of Object.keys(variables)) if (!(name in before)) before[name] = process.env[name];
  setAll(variables);
}

/** A home of its own: no file of the user's is read or written. */
export function ownHome(t: TestContext): string {
  const home = temporaryFolder(t);
  withEnvironment(t, {
    HOME: home,
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_DATA_HOME: join(home, "data"),
    HA_RANCHER_LAB: undefined,
    HA_RANCHER_LAB_NAME: undefined,
    PULUMI_HOME: undefined,
    PULUMI_CREDENTIALS_PATH: undefined,
    PULUMI_ACCESS_TOKEN: undefined,
    PULUMI_BACKEND_URL: undefined,
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
  });
  return home;
}

/** Writes a file and the folders above it. */
export function put(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Writes an executable script. */
export function putScript(file: string, lines: string[]): string {
  put(file, ["#!/bin/bash", ...lines, ""].join("\n"));
  chmodSync(file, 0o755);
  return file;
}
