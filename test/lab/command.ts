import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shellQuote } from "../../domain/shell-quote";
import { namespaceName } from "../../lab/namespace";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { journal } from "./journal";
import { labOfTests } from "./turn";
import { unasked } from "./unasked";

/** The stack that the lab's test makes. Its file is made by the test too. */
export const stack = "test-lab";

/** A lab and stacks of the test's own: what a person has running is not touched, caches are shared. */
export const data = mkdtempSync(join(tmpdir(), "ha-rancher-lab-"));
/** The network namespace of the lab. */
export const labNamespace = namespaceName(labOfTests);

/** Of whatever a test calls. */
export const environment = { ...process.env, HA_RANCHER_LAB_NAME: labOfTests, XDG_DATA_HOME: data };

/** Where the test's stacks, passphrase and machine folders were. */
export const forgetData = (): void => rmSync(data, { recursive: true, force: true });

const program = join(packageRoot, "cli", "bootstrap.mjs");

/** Milliseconds that no command but a long drill needs. */
export const usualLimit = 20 * 60_000;

const runWithin = (limit: number, command: string, args: string[]): Promise<RunResult> =>
  tryRun(process.execPath, [program, command, "--stack", stack, ...unasked(command), ...args], {
    cwd: packageRoot,
    env: environment,
    timeout: limit,
  });

/** Runs a command as a person would; shows what it prints, since all of it takes minutes. */
export const haRancher = (command: string, ...args: string[]): Promise<RunResult> =>
  haRancherWithin(usualLimit, command, ...args);

/** The same, for `limit` milliseconds at most. */
export async function haRancherWithin(limit: number, command: string, ...args: string[]): Promise<RunResult> {
  const result = await runWithin(limit, command, args);
  console.log(`--- ha-rancher ${command} ${args.join(" ")} -> ${result.code}`);
  console.log(`${result.stdout}${result.stderr}`.trimEnd());
  return result;
}

/** The same without showing it: for what is asked again and again. */
export const quietly = (command: string, ...args: string[]): Promise<RunResult> =>
  runWithin(usualLimit, command, args);

/** Runs a program in the lab's shell. */
export const inLab = (...argv: string[]): Promise<RunResult> => quietly("shell", "--", ...argv);

export interface Status {
  healthy: boolean;
  state: string;
  holders: string[];
  nodes: {
    name: string;
    status?: {
      lease?: { owner?: string | null; heldHere?: boolean; epoch?: number };
      container?: { state?: string };
      mounts?: { data?: boolean };
    };
  }[];
}

/** What `status --json` says now, and its exit code. */
export async function status(): Promise<Status & { code: number }> {
  const { code, stdout } = await quietly("status", "--json");
  return { ...(JSON.parse(stdout) as Status), code };
}

/** The nodes whose container runs. */
export const running = ({ nodes }: Status): string[] =>
  nodes.filter((node) => node.status?.container?.state === "running").map(({ name }) => name);

/** Waits until a stack is healthy, at most so many seconds. */
export async function healthy(seconds: number): Promise<Status> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const now = await status();
    if (now.healthy) return now;
    assert.ok(Date.now() < end, `not healthy in ${seconds} s: ${JSON.stringify(now, undefined, 1)}`);
    // A look costs an emulated node a second of its processor.
    await sleep(4_000);
  }
}

/** Runs a command on a node as root, with a file as its standard input if one is named. */
export async function tryOnNode(name: string, command: string, input = "/dev/null"): Promise<RunResult> {
  const { stdout } = await inLab("pulumi", "stack", "output", "nodes", "--json");
  const nodes = JSON.parse(stdout) as { name: string; ssh: string }[];
  const ssh = nodes.find((node) => node.name === name)?.ssh;
  assert.ok(ssh, `no node ${name} in ${stdout}`);
  const there = `sudo -n sh -c ${shellQuote(command)}`;
  return await inLab("sh", "-c", `${ssh} ${shellQuote(there)} <"$1"`, "sh", input);
}

/** The same for what must end well; gives what it printed. */
export async function onNode(name: string, command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await tryOnNode(name, command, input);
  assert.equal(code, 0, `${command} on ${name}: ${stdout}${stderr}`);
  return stdout;
}

/** Shows what the nodes have to say of a failure: since when each is up, and what its services wrote. */
export async function tellJournals(): Promise<void> {
  const now = await status().catch(String);
  console.log(JSON.stringify(now, undefined, 1));
  for (const { name } of typeof now === "string" ? [] : now.nodes)
    console.log(`--- ${name}\n${await onNode(name, journal).catch(String)}`);
}
