import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentConfiguration, agentConfiguration } from "../../domain/agent-configuration";
import { packageRoot } from "../../local/root";

/** As on nodes, but that nothing compiled is left beside the programs. */
const python = ["-I", "-S", "-B"];
const node = join(packageRoot, "node");
const reader = join(packageRoot, "test", "unit", "read-agent-configuration.py");

/** What an agent makes of a configuration; times are milliseconds. */
export interface Setup {
  backup: { command: string[]; restore: string[] } | null;
  core: Record<string, unknown>;
  vip: string;
  data: Record<string, unknown>;
  lease: Record<string, unknown>;
  questions: Record<string, unknown>[];
  fence: Record<string, unknown> | null;
}

export type Read = { setup: Setup; mistakes?: never } | { setup?: never; mistakes: string[] };

/** A configuration that an agent accepts. */
export const good: Omit<AgentConfiguration, "serviceFile"> = {
  node: "rancher-1",
  peers: ["rancher-2"],
  vip: "192.168.56.10",
  address: "192.168.56.11",
  dataDirectory: "/rancher_data",
  leaseDirectory: "/rancher_lease",
  identity: "ha-rancher-dev-rancher-1",
  sentinel: "shared data of dev",
};

/** What release/name writes for a container with both labels. */
const service = {
  container: "rancher-1a2b3c4d",
  health: [
    { url: "https://127.0.0.1/healthz" },
    { url: "https://127.0.0.1/v1/management.cattle.io.setting", deep: true },
  ],
};

/** Files of configurations, for as long as they are looked at. */
function inFiles<T>(all: Omit<AgentConfiguration, "serviceFile">[], look: (files: string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  try {
    const serviceFile = join(folder, "service.json");
    writeFileSync(serviceFile, JSON.stringify(service));
    const files = all.map((each, i) => {
      const file = join(folder, `${i}.json`);
      writeFileSync(file, agentConfiguration({ ...each, serviceFile }));
      return file;
    });
    return look(files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const run = (args: string[]): string =>
  execFileSync("python3", [...python, reader, node, ...args], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
    // Nothing of these may get through.
    env: { PATH: process.env.PATH, NODE: "from-the-environment" },
  });

/** Reads configurations as agents do, in one process. */
export const readByAgent = (all: Omit<AgentConfiguration, "serviceFile">[]): Read[] =>
  inFiles(all, (files) =>
    run(files)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Read),
  );

/** The defaults of the agent's own settings: times in milliseconds, by the names that they have there. */
export const agentDefaults = (): Record<string, unknown> => JSON.parse(run([])) as Record<string, unknown>;

/** What `agent check` says of a configuration. */
export const checkedByAgent = (
  values: Omit<AgentConfiguration, "serviceFile">,
): { status: number | null; stderr: string } =>
  inFiles([values], ([file = ""]) => {
    const args = [...python, join(node, "agent"), "check", file];
    const { status, stderr } = spawnSync("python3", args, { encoding: "utf8" });
    return { status, stderr };
  });
