import { type ExecFileException, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../local/root";
import { memoryFolder } from "./memory";

/** Stand-ins for systemctl, docker and so on; bash, flock, python and so on are the machine's. */
const fakes = join(packageRoot, "test", "node", "fakes");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The folders of one node in a folder of this machine, and its programs. */
export class TestNode {
  readonly home = memoryFolder("node");
  /** What is in the place of /usr/local/lib/ha-rancher/current. */
  set = join(packageRoot, "node");
  private agent: Server | undefined;

  constructor() {
    for (const folder of ["config", "run", "units", "state", "groups"]) mkdirSync(this.path(folder));
    for (const file of ["mounts", "reset"]) this.put(file, "");
  }

  path(name: string): string {
    return join(this.home, name);
  }

  put(name: string, text = ""): void {
    writeFileSync(this.path(name), text);
  }

  get(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), "utf8").trim() : "";
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  /** What systemd and others were told since this was last asked. */
  log(): string[] {
    const lines = this.get("log").split("\n").filter(Boolean);
    this.put("log", "");
    // The agent's own.
    return lines.filter((line) => !line.startsWith("start lease.mount"));
  }

  /** agent.json, right unless it is changed. */
  configure(changes: Record<string, unknown> = {}): void {
    const told = {
      ...{ node: "a", peers: ["b"], vip: "192.0.2.10", timers: {}, watchdog: "off" },
      data: { directory: this.path("data"), unit: "data.mount", sentinel: "the test's" },
      lease: { directory: this.path("lease"), unit: "lease.mount", nfsVersion: "4.2", identity: "test-a" },
      health: { every: 1_000, timeout: 5_000, deepEvery: 15_000, deepTimeout: 5_000 },
      service: this.path("config/service.json"),
      paths: {
        ...{ run: this.path("run"), state: this.path("state"), docker: this.path("docker.sock") },
        ...{ controlGroups: this.path("groups"), mounts: this.path("mounts"), reset: this.path("reset") },
        ...{ identity: this.path("identity"), systemctl: join(fakes, "systemctl") },
      },
      ...changes,
    };
    this.put("config/agent.json", JSON.stringify(told));
  }

  /** A unit's files: `file`, `enabled`, `active`. */
  unit(name: string, ...is: string[]): void {
    for (const each of is) this.put(`units/ha-rancher-${name}.${each}`);
  }

  isUnit(name: string, is: string): boolean {
    return this.has(`units/ha-rancher-${name}.${is}`);
  }

  /** The units that are there after the program's files are. */
  units(): void {
    for (const name of ["nfs-identity", "lease", "agent"]) this.unit(name, "file");
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${fakes}:${process.env.PATH}`,
      FAKE_NODE: this.home,
      FAKE_SET: this.set,
      CONFIG_DIRECTORY: this.path("config"),
      RUN_DIRECTORY: this.path("run"),
      HA_RANCHER_PROGRAMS: this.path("programs"),
      HA_RANCHER_CACHE: this.path("cache"),
    };
  }

  /** Runs a program of the set, such as `release/look`. */
  async run(program: string, ...args: string[]): Promise<Ended> {
    const options = { env: this.environment, timeout: 60_000 };
    try {
      return { code: 0, ...(await promisify(execFile)(join(this.set, program), args, options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as ExecFileException;
      return { code: typeof code === "number" ? code : null, stdout: stdout ?? "", stderr: stderr ?? "" };
    }
  }

  /** The same for one that must succeed; its output. */
  async mustRun(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(program, ...args);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Starts a program of the set, and kills it once something is so. */
  async killedWhen(condition: () => boolean, program: string, ...args: string[]): Promise<void> {
    const child = spawn(join(this.set, program), args, {
      env: this.environment,
      stdio: "ignore",
      detached: true,
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    while (!condition() && child.exitCode === null) await promisify(setTimeout)(1);
    // With whatever it has started, as at the end of a connection; but not what systemd has.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await ended;
  }

  /** In an agent's place: answers each request for its status with this, and all others with `{"ok": true}`; notes those. */
  async answering(status: object): Promise<object[]> {
    const asked: object[] = [];
    this.agent = createServer((connection) => {
      connection
        .on("error", () => {})
        .on("data", (line) => {
          const request = JSON.parse(String(line)) as { do: string };
          if (request.do !== "status") asked.push(request);
          connection.end(`${JSON.stringify(request.do === "status" ? status : { ok: true })}\n`);
        });
    });
    await new Promise<void>((resolve) => this.agent?.listen(this.path("run/agent.sock"), resolve));
    return asked;
  }

  async end(): Promise<void> {
    this.agent?.close();
    for (const unit of ["ha-rancher-agent", "ha-rancher-lease"])
      await promisify(execFile)(join(fakes, "systemctl"), ["stop", unit], { env: this.environment });
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Runs a test with a node, and clears up after it. */
export const withNode = (test: (node: TestNode) => Promise<void>) => async (): Promise<void> => {
  const node = new TestNode();
  try {
    await test(node);
  } finally {
    await node.end();
  }
};
